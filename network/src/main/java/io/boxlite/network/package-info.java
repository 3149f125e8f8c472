/// What a box may reach, and how: rules, names, audit, secrets (docs/network.md).
package io.boxlite.network;
