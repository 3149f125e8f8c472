package io.boxlite.runtime.internal.portal;

import com.google.protobuf.ByteString;
import io.boxlite.api.ExecOptions;
import io.boxlite.protocol.agent.v1.ExecSpec;
import io.boxlite.protocol.agent.v1.ProcessSpec;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Turns the API's description of a process into the agent's.
final class ExecSpecs {
  private ExecSpecs() {}

  static ExecSpec of(ExecOptions options) {
    ProcessSpec.Builder process =
        ProcessSpec.newBuilder()
            .setCwd(ByteString.copyFromUtf8(options.workingDir().orElse("")))
            .setUser(options.user().orElse(""))
            .setTty(options.tty())
            .setRows(options.rows())
            .setCols(options.cols());
    options.command().forEach(word -> process.addArgv(ByteString.copyFromUtf8(word)));
    options
        .env()
        .forEach((name, value) -> process.addEnv(ByteString.copyFromUtf8(name + "=" + value)));
    return ExecSpec.newBuilder()
        .setProcess(process)
        .setTimeoutMs(options.timeout().map(ExecSpecs::millis).orElse(0L))
        .build();
  }

  /// Milliseconds for the agent, where 0 means no limit.
  private static long millis(Duration duration) {
    return Math.max(1, TimeUnit.MILLISECONDS.convert(duration));
  }
}
