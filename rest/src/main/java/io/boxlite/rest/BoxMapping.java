package io.boxlite.rest;

import io.boxlite.api.BootTiming;
import io.boxlite.api.BoxInfo;
import io.boxlite.api.BoxMetrics;
import io.boxlite.api.BoxStatus;
import io.boxlite.api.NetworkMetrics;
import io.boxlite.api.RuntimeInfo;
import io.boxlite.api.RuntimeMetrics;
import io.boxlite.api.StartOrigin;
import io.boxlite.api.TemplateInfo;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Turns what the library answers into JSON bodies and back.
///
/// @since 0.1
public final class BoxMapping {
  private BoxMapping() {}

  /// {@return the body of a box}
  ///
  /// @param info the box
  public static BoxBody toBody(BoxInfo info) {
    return new BoxBody(
        info.id(),
        info.name().orElse(null),
        info.status().wireName(),
        info.createdAt().toString(),
        info.updatedAt().toString(),
        nullable(info.pid()),
        info.image(),
        info.cpus(),
        info.memoryMib(),
        Map.of(),
        0,
        0,
        info.autoRemove() ? 1 : 0,
        true,
        info.exitCode().isPresent() ? (Integer) info.exitCode().getAsInt() : null,
        info.detach(),
        info.autoRemove(),
        info.tty(),
        NetworkMapping.toBody(info.network()),
        info.errorReason().orElse(null),
        info.health().map(HealthMapping::toBody).orElse(null),
        info.restartCount(),
        info.restarting(),
        info.boot().map(BoxMapping::toBody).orElse(null));
  }

  /// {@return the box of a body}
  ///
  /// @param body what a server answered
  public static BoxInfo toInfo(BoxBody body) {
    Integer exitCode = body.exitCode();
    Integer restarts = body.restartCount();
    return new BoxInfo(
        body.boxId(),
        Optional.ofNullable(body.name()),
        BoxStatus.ofWireName(body.status()),
        instant(body.createdAt()),
        instant(body.updatedAt()),
        optional(body.pid()),
        body.image(),
        body.cpus(),
        body.memoryMib(),
        exitCode == null ? OptionalInt.empty() : OptionalInt.of(exitCode),
        Optional.ofNullable(body.errorReason()),
        body.detach(),
        body.autoRemove(),
        body.tty(),
        NetworkMapping.toInfo(body.network()),
        Optional.ofNullable(body.healthStatus()).map(HealthMapping::toStatus),
        restarts == null ? 0 : restarts,
        Boolean.TRUE.equals(body.restarting()),
        toTiming(body.bootTiming()));
  }

  /// {@return the body of a runtime's description}
  ///
  /// @param info the description
  public static InfoBody toBody(RuntimeInfo info) {
    return new InfoBody(
        info.version(),
        info.home().toString(),
        info.engine(),
        info.virtualization(),
        info.os(),
        info.arch(),
        info.boxesTotal(),
        info.boxesRunning(),
        info.boxesStopped(),
        info.boxesConfigured(),
        info.imagesCount(),
        info.warmVms());
  }

  /// {@return the description of a body}
  ///
  /// @param body what a server answered
  public static RuntimeInfo toInfo(InfoBody body) {
    Integer warmVms = body.warmVms();
    return new RuntimeInfo(
        body.version(),
        Path.of(body.home()),
        body.engine(),
        body.virtualization(),
        body.os(),
        body.arch(),
        body.boxesTotal(),
        body.boxesRunning(),
        body.boxesStopped(),
        body.boxesConfigured(),
        body.imagesCount(),
        warmVms == null ? 0 : warmVms);
  }

  /// {@return the body of a runtime's counters}
  ///
  /// @param metrics the counters
  public static MetricsBody toBody(RuntimeMetrics metrics) {
    return new MetricsBody(
        metrics.boxesCreated(),
        metrics.boxesFailed(),
        metrics.boxesStopped(),
        metrics.runningBoxes(),
        metrics.commandsExecuted(),
        metrics.execErrors());
  }

  /// {@return the counters of a body}
  ///
  /// @param body what a server answered
  public static RuntimeMetrics toMetrics(MetricsBody body) {
    return new RuntimeMetrics(
        body.boxesCreatedTotal(),
        body.boxesFailedTotal(),
        body.boxesStoppedTotal(),
        body.numRunningBoxes(),
        body.totalCommandsExecuted(),
        body.totalExecErrors());
  }

  /// {@return the body of a box's figures}
  ///
  /// @param metrics the figures
  public static BoxMetricsBody toBody(BoxMetrics metrics) {
    OptionalDouble cpu = metrics.cpuPercent();
    Optional<NetworkMetrics> network = metrics.network();
    return new BoxMetricsBody(
        metrics.commandsExecuted(),
        metrics.execErrors(),
        network.map(NetworkMetrics::bytesSent).orElse(0L),
        network.map(NetworkMetrics::bytesReceived).orElse(0L),
        cpu.isPresent() ? (Double) cpu.getAsDouble() : null,
        nullable(metrics.memoryBytes()),
        metrics.cpuTime().map(Duration::toMillis).orElse(null),
        nullable(metrics.diskBytes()),
        network.map(NetworkMetrics::bytesSent).orElse(null),
        network.map(NetworkMetrics::bytesReceived).orElse(null),
        network.map(NetworkMetrics::tcpConnections).orElse(null),
        network.map(NetworkMetrics::tcpErrors).orElse(null),
        network.map(NetworkMetrics::packetsSent).orElse(null),
        network.map(NetworkMetrics::packetsReceived).orElse(null),
        network.map(NetworkMetrics::udpFlows).orElse(null),
        network.map(NetworkMetrics::openFlows).orElse(null),
        network.map(NetworkMetrics::denials).orElse(null),
        network.map(NetworkMetrics::dnsQuestions).orElse(null),
        metrics.boot().map(BoxMapping::toBody).orElse(null));
  }

  private static BootTimingBody toBody(BootTiming boot) {
    return new BootTimingBody(
        boot.origin().wireName(),
        boot.total().toMillis(),
        boot.guestBoot().toMillis(),
        boot.filesystemSetup().toMillis(),
        boot.imagePrepare().toMillis(),
        0L,
        boot.boxConfig().toMillis(),
        boot.boxSpawn().toMillis(),
        boot.containerInit().toMillis());
  }

  /// {@return the figures of a body}
  ///
  /// @param body what a server answered
  public static BoxMetrics toMetrics(BoxMetricsBody body) {
    Double cpu = body.cpuPercent();
    Long cpuTime = body.cpuTimeMs();
    return new BoxMetrics(
        body.commandsExecutedTotal(),
        body.execErrorsTotal(),
        cpuTime == null ? Optional.empty() : Optional.of(Duration.ofMillis(cpuTime)),
        cpu == null ? OptionalDouble.empty() : OptionalDouble.of(cpu),
        optional(body.memoryBytes()),
        optional(body.diskBytes()),
        toNetwork(body),
        toTiming(body.bootTiming()));
  }

  private static Optional<NetworkMetrics> toNetwork(BoxMetricsBody body) {
    Long sent = body.networkBytesSent();
    Long received = body.networkBytesReceived();
    Long connections = body.networkTcpConnections();
    Long errors = body.networkTcpErrors();
    return sent == null || received == null || connections == null || errors == null
        ? Optional.empty()
        : Optional.of(
            new NetworkMetrics(
                sent,
                received,
                orNone(body.networkPacketsSent()),
                orNone(body.networkPacketsReceived()),
                connections,
                errors,
                orNone(body.networkUdpFlows()),
                orNone(body.networkOpenFlows()),
                orNone(body.networkDenials()),
                orNone(body.networkDnsQuestions())));
  }

  /// Of another server, which may not count it.
  private static long orNone(@Nullable Long count) {
    return count == null ? 0 : count;
  }

  private static Optional<BootTiming> toTiming(@Nullable BootTimingBody boot) {
    if (boot == null) {
      return Optional.empty();
    }
    String origin = boot.origin();
    return Optional.of(
        new BootTiming(
            origin == null ? StartOrigin.COLD : StartOrigin.ofWireName(origin),
            millis(boot.totalCreateMs()),
            millis(boot.imagePrepareMs()),
            millis(boot.filesystemSetupMs()),
            millis(boot.boxConfigMs()),
            millis(boot.boxSpawnMs()),
            millis(boot.guestBootMs()),
            millis(boot.containerInitMs())));
  }

  /// {@return the body of a template}
  ///
  /// @param template the template
  public static TemplateBody toBody(TemplateInfo template) {
    return new TemplateBody(
        template.key(),
        template.cpus(),
        template.memoryMib(),
        template.sizeBytes(),
        template.createdAt().toString(),
        template.lastUsedAt().toString(),
        template.inUse());
  }

  /// {@return the template of a body}
  ///
  /// @param body what a server answered
  public static TemplateInfo toInfo(TemplateBody body) {
    return new TemplateInfo(
        body.key(),
        body.cpus(),
        body.memoryMib(),
        body.sizeBytes(),
        instant(body.createdAt()),
        instant(body.lastUsedAt()),
        body.inUse());
  }

  private static Duration millis(@Nullable Long value) {
    return value == null ? Duration.ZERO : Duration.ofMillis(value);
  }

  private static OptionalLong optional(@Nullable Long value) {
    return value == null ? OptionalLong.empty() : OptionalLong.of(value);
  }

  private static @Nullable Long nullable(OptionalLong value) {
    return value.isPresent() ? (Long) value.getAsLong() : null;
  }

  static Instant instant(String text) {
    try {
      return Instant.parse(text);
    } catch (DateTimeParseException e) {
      return Instant.EPOCH; // one odd date must not make a whole list unreadable
    }
  }
}
