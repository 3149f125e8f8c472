package io.boxlite.runtime.internal.lifecycle;

import com.google.protobuf.ByteString;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.ConfigException;
import io.boxlite.api.VolumeMount;
import io.boxlite.image.ImageConfig;
import io.boxlite.protocol.agent.v1.CreateContainerRequest;
import io.boxlite.protocol.agent.v1.PrepareRequest;
import io.boxlite.protocol.agent.v1.ProcessSpec;
import io.boxlite.protocol.agent.v1.Volume;
import io.boxlite.runtime.internal.disk.BoxDisks;
import io.boxlite.runtime.internal.disk.LayersDisk;
import io.boxlite.runtime.internal.network.GuestTrust;
import io.boxlite.runtime.internal.portal.Portal;
import io.boxlite.runtime.internal.state.BoxRecord;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Says to the agent what a box is: the image's configuration with the box's options over it.
public final class ContainerRequests {
  private static final String HOST_NAME = "boxlite";
  private static final int MACHINE_ID_DIGITS = 32;
  private static final int ENTROPY_BYTES = 256;
  private static final SecureRandom RANDOM = new SecureRandom();

  private ContainerRequests() {}

  /// {@return what makes a VM one of its own, fresh at each call}
  ///
  /// @param now the time
  public static PrepareRequest prepare(Instant now) {
    byte[] entropy = new byte[ENTROPY_BYTES];
    RANDOM.nextBytes(entropy);
    return PrepareRequest.newBuilder()
        .setTimeUnixNanos(now.getEpochSecond() * 1_000_000_000L + now.getNano())
        .setEntropy(ByteString.copyFrom(entropy))
        .build();
  }

  /// {@return a request that first makes the VM one of its own; for one use}
  static CreateContainerRequest prepared(CreateContainerRequest request, Instant now) {
    return request.toBuilder().setPrepare(prepare(now)).build();
  }

  /// @param fill those of its volumes that get a copy of what the image has there
  /// @param trust whom its programs shall trust
  /// @throws ConfigException if neither image nor options name a command
  static CreateContainerRequest create(
      BoxRecord box,
      ImageConfig image,
      List<LayersDisk.Extent> layers,
      Set<VolumeMount> fill,
      Optional<GuestTrust> trust) {
    BoxOptions options = box.options();
    CreateContainerRequest.Builder request =
        CreateContainerRequest.newBuilder()
            .setContainerId(box.containerId())
            .setHostname(HOST_NAME)
            .setMachineId(box.containerId().substring(0, MACHINE_ID_DIGITS))
            .addAllLayers(Portal.layers(layers))
            .setDiskSize(BoxDisks.bytes(BoxDisks.sizeGib(options)))
            .setInit(init(options, image))
            .setNetwork(options.network().enabled())
            .setStopSignal(Signals.parse(image.stopSignal()));
    for (VolumeMount volume : options.volumes()) {
      request.addVolumes(
          Volume.newBuilder()
              .setTarget(ByteString.copyFromUtf8(volume.guestPath()))
              .setReadOnly(volume.readOnly())
              .setFill(fill.contains(volume)));
    }
    trust.ifPresent(certificates ->
        request
            .setTrustedCertificates(ByteString.copyFromUtf8(certificates.authority()))
            .setCommonCertificates(ByteString.copyFromUtf8(certificates.common())));
    options.capAdd().forEach(name -> request.addCapabilitiesAdd(capability(name)));
    options.capDrop().forEach(name -> request.addCapabilitiesDrop(capability(name)));
    return request.build();
  }

  private static String capability(String name) {
    String upper = name.toUpperCase(Locale.ROOT);
    return upper.startsWith("CAP_") ? upper.substring("CAP_".length()) : upper;
  }

  private static ProcessSpec init(BoxOptions options, ImageConfig image) {
    List<String> argv = new ArrayList<>(options.entrypoint().orElse(image.entrypoint()));
    argv.addAll(options.cmd().orElse(image.cmd()));
    if (argv.isEmpty()) {
      throw new ConfigException(
          "no_command",
          "image '"
              + options.imageLabel()
              + "' has neither ENTRYPOINT nor CMD; name a command to run");
    }
    ProcessSpec.Builder spec =
        ProcessSpec.newBuilder()
            .setCwd(ByteString.copyFromUtf8(options.workingDir().orElse(image.workingDir())))
            .setUser(options.user().orElse(image.user()))
            .setTty(options.tty());
    argv.forEach(argument -> spec.addArgv(ByteString.copyFromUtf8(argument)));
    environment(image.env(), options)
        .forEach((key, value) -> spec.addEnv(ByteString.copyFromUtf8(key + "=" + value)));
    return spec.build();
  }

  /// What the image says, then placeholders, then what the user says.
  private static Map<String, String> environment(List<String> image, BoxOptions options) {
    Map<String, String> environment = new LinkedHashMap<>();
    for (String variable : image) {
      int equals = variable.indexOf('=');
      environment.put(variable.substring(0, equals), variable.substring(equals + 1));
    }
    options
        .network()
        .secrets()
        .forEach(secret -> environment.put(secret.variable(), secret.placeholder()));
    environment.putAll(options.env());
    return environment;
  }
}
