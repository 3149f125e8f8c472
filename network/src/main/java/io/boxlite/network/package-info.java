/// What a box may reach, and how: rules, names, audit, secrets (docs/network.md).
///
/// For a running box: an [io.boxlite.network.EgressPolicy] of its rules, an
/// [io.boxlite.network.EgressRules] with the [io.boxlite.network.Names] of the host (one for all
/// boxes), an [io.boxlite.network.EgressLog], perhaps a proxy that asks the rules, and
/// [io.boxlite.network.Egress#connect] with all of them.
///
/// @since 0.1
package io.boxlite.network;
