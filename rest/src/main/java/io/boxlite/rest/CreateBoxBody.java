package io.boxlite.rest;

import io.avaje.jsonb.Json;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a new box shall be. Every field may be absent. Immutable.
///
/// @param name unique name
/// @param image image reference
/// @param rootfsPath image layout directory on the server
/// @param cpus virtual CPUs
/// @param memoryMib memory in MiB
/// @param diskSizeGb disk in GiB
/// @param workingDir directory of the main command
/// @param env variables
/// @param entrypoint replaces ENTRYPOINT
/// @param cmd replaces CMD
/// @param user user of the main command
/// @param tty whether the main command has a terminal
/// @param network network
/// @param detach whether the box outlives its maker; absent: unless it is removed when it stops
/// @param advanced capabilities
/// @param autoPause idle seconds until a pause; only 0 here
/// @param autoStop the same under its newer name
/// @param autoDelete more than 0: removed when it stops
/// @param autoResume taken, without effect while nothing pauses
/// @param autoRemove whether it is removed when it stops
/// @param noTemplate whether its VM boots at every start
/// @param restart when it is started again by itself: `no` (default), `on-failure[:n]`, `always` or
///   `unless-stopped`
/// @param healthCheck how to find out whether it works; absent: as the image says
/// @param pull when the image is fetched: `missing` (default), `never` or `always`
/// @param labels only empty here
/// @param secrets values that go to hosts in place of what the box has
/// @param security only absent here
/// @param volumes directories and files that do not belong to its disk
/// @param ports ports of the host that lead into it
/// @since 0.1
@Json(naming = Json.Naming.LowerUnderscore)
public record CreateBoxBody(
    @Nullable String name,
    @Nullable String image,
    @Nullable String rootfsPath,
    @Nullable Integer cpus,
    @Nullable Integer memoryMib,
    @Nullable Integer diskSizeGb,
    @Nullable String workingDir,
    @Nullable Map<String, String> env,
    @Nullable List<String> entrypoint,
    @Nullable List<String> cmd,
    @Nullable String user,
    @Nullable Boolean tty,
    @Nullable NetworkBody network,
    @Nullable Boolean detach,
    @Nullable AdvancedBody advanced,
    @Nullable Long autoPause,
    @Nullable Long autoStop,
    @Nullable Long autoDelete,
    @Nullable Boolean autoResume,
    @Nullable Boolean autoRemove,
    @Nullable Boolean noTemplate,
    @Nullable String restart,
    @Nullable HealthCheckBody healthCheck,
    @Nullable String pull,
    @Nullable Map<String, String> labels,
    @Nullable List<SecretBody> secrets,
    @Nullable Object security,
    @Nullable List<VolumeMountBody> volumes,
    @Nullable List<PortBody> ports) {}
