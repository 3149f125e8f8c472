package io.boxlite.api;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// What a box shall be. Immutable; made by a [Builder].
///
/// @param name unique name; empty: none
/// @param image image reference; exactly one of this and `rootfsPath`
/// @param rootfsPath absolute path of an OCI image layout directory on the supervisor's host
/// @param cpus virtual CPUs, 1 to the host's count; default 1
/// @param memoryMib memory in MiB, 128 to 65536; default 512
/// @param diskSizeGb size of the box's disk in GiB, 1 to 1024; empty: 10, thin
/// @param workingDir absolute directory of the main command; empty: the image's
/// @param env variables on top of the image's
/// @param entrypoint replaces the image's ENTRYPOINT; empty: the image's
/// @param cmd replaces the image's CMD; empty: the image's
/// @param user `<name|uid>[:<group|gid>]`; empty: the image's
/// @param tty whether the main command has a terminal
/// @param detach whether the box outlives the program that made it
/// @param autoRemove whether it is removed when it stops; not together with `detach`
/// @param capAdd Linux capabilities to add, with or without `CAP_`, or `ALL`
/// @param capDrop Linux capabilities to drop, likewise
/// @param volumes directories and files that do not belong to its disk, mounted in this order
/// @param noTemplate whether its VM boots at every start, instead of being restored from a template
/// @param restart when it is started again by itself; not together with `autoRemove`
/// @param healthCheck how to find out whether it works; empty: as the image says
/// @param network what it may reach, and what leads into it
/// @param pull when the image is fetched; only for the making of the box, and not kept with it
/// @since 0.1
public record BoxOptions(
    Optional<String> name,
    Optional<String> image,
    Optional<String> rootfsPath,
    int cpus,
    int memoryMib,
    Optional<Integer> diskSizeGb,
    Optional<String> workingDir,
    Map<String, String> env,
    Optional<List<String>> entrypoint,
    Optional<List<String>> cmd,
    Optional<String> user,
    boolean tty,
    boolean detach,
    boolean autoRemove,
    List<String> capAdd,
    List<String> capDrop,
    List<VolumeMount> volumes,
    boolean noTemplate,
    RestartPolicy restart,
    Optional<HealthCheck> healthCheck,
    NetworkOptions network,
    PullPolicy pull) {
  /// When the image of a new box is fetched.
  public enum PullPolicy {
    /// When the store lacks it.
    MISSING,
    /// Never; a box of an image that the store lacks is refused with reason `image_not_in_store`.
    NEVER,
    /// Also when the store has one of that name.
    ALWAYS;

    /// {@return the name in REST bodies and on the command line}
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }

    /// {@return the policy of a name, or empty if there is none}
    ///
    /// @param name as in REST bodies
    public static Optional<PullPolicy> ofWireName(String name) {
      for (PullPolicy policy : values()) {
        if (policy.wireName().equals(name)) {
          return Optional.of(policy);
        }
      }
      return Optional.empty();
    }
  }

  /// Smallest memory of a box, in MiB.
  public static final int MIN_MEMORY_MIB = 128;

  /// Largest memory of a box, in MiB.
  public static final int MAX_MEMORY_MIB = 65536;

  /// Virtual CPUs of a box that says nothing else.
  public static final int DEFAULT_CPUS = 1;

  /// Memory of a box that says nothing else, in MiB.
  public static final int DEFAULT_MEMORY_MIB = 512;

  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}");

  /// Checks and copies.
  ///
  /// @throws ConfigException if any value is invalid; names every violation
  public BoxOptions {
    env = Map.copyOf(env);
    entrypoint = entrypoint.map(List::copyOf);
    cmd = cmd.map(List::copyOf);
    capAdd = List.copyOf(capAdd);
    capDrop = List.copyOf(capDrop);
    volumes = List.copyOf(volumes);
    OptionChecks checks =
        new OptionChecks("box")
            .require(
                name.isEmpty() || NAME.matcher(name.get()).matches(),
                "name",
                "'"
                    + name.orElse("")
                    + "' must be 1 to 128 of a-z A-Z 0-9 . _ - and begin with a"
                    + " letter or digit")
            .require(
                image.isPresent() != rootfsPath.isPresent(),
                "image",
                "or rootfs_path must be given, and not both")
            .require(image.isEmpty() || !image.get().isBlank(), "image", "must not be empty")
            .absolute("rootfs_path", rootfsPath)
            .absolute("working_dir", workingDir)
            .env(env)
            .noNul("entrypoint", entrypoint.orElse(List.of()))
            .noNul("cmd", cmd.orElse(List.of()))
            .require(
                entrypoint.isEmpty()
                    || entrypoint.get().isEmpty()
                    || !entrypoint.get().getFirst().isEmpty(),
                "entrypoint",
                "must name a program")
            .require(
                !(detach && autoRemove),
                "auto_remove",
                "remove-on-stop is incompatible with detach=true; choose one")
            .require(
                !autoRemove || restart.equals(RestartPolicy.NO),
                "restart",
                "is incompatible with remove-on-stop; choose one");
    checks.sizes(cpus, memoryMib, diskSizeGb);
    Capabilities.check(capAdd, "cap_add", checks);
    Capabilities.check(capDrop, "cap_drop", checks);
    VolumeMount.check(volumes, checks);
    NetworkOptions.check(network, checks);
    checks.throwIfAny();
  }

  /// {@return the same, called otherwise}
  ///
  /// @param other unique name; empty: none
  public BoxOptions withName(Optional<String> other) {
    Builder changed = toBuilder();
    changed.name = other;
    return changed.build();
  }

  /// {@return whether the box was made with a command of its own, which an exec must not run again}
  public boolean isJob() {
    return entrypoint.isPresent() || cmd.isPresent();
  }

  /// {@return the same, with its image fetched at another time}
  ///
  /// @param policy when
  public BoxOptions withPull(PullPolicy policy) {
    return toBuilder().pull(policy).build();
  }

  /// The same, of an image that was fetched for it.
  ///
  /// @param fetched the image; where a name without a registry was found only that place tells
  /// @return options that fetch nothing
  public BoxOptions ofFetched(PulledImage fetched) {
    String reference = fetched.image().reference();
    Builder local = toBuilder().pull(PullPolicy.NEVER);
    if (!reference.startsWith("docker.io/")) {
      local.image = Optional.of(reference);
    }
    return local.build();
  }

  /// {@return a builder that begins with these options}
  public Builder toBuilder() {
    return new Builder(this);
  }

  /// {@return the image as shown to users: the reference, or `rootfs:` and the path}
  public String imageLabel() {
    return image.orElseGet(() -> "rootfs:" + rootfsPath.orElse(""));
  }

  /// {@return a builder for a box of an image}
  ///
  /// @param reference image reference
  public static Builder ofImage(String reference) {
    return new Builder(Optional.of(reference), Optional.empty());
  }

  /// {@return a builder for a box of an OCI image layout directory}
  ///
  /// @param path absolute path on the supervisor's host
  public static Builder ofRootfs(String path) {
    return new Builder(Optional.empty(), Optional.of(path));
  }

  /// Collects options; confined to one thread.
  ///
  /// @since 0.1
  public static final class Builder {
    private Optional<String> image;
    private final Optional<String> rootfsPath;
    private Optional<String> name = Optional.empty();
    private int cpus = DEFAULT_CPUS;
    private int memoryMib = DEFAULT_MEMORY_MIB;
    private Optional<Integer> diskSizeGb = Optional.empty();
    private Optional<String> workingDir = Optional.empty();
    private final Map<String, String> env = new LinkedHashMap<>();
    private Optional<List<String>> entrypoint = Optional.empty();
    private Optional<List<String>> cmd = Optional.empty();
    private Optional<String> user = Optional.empty();
    private boolean tty;
    private boolean detach;
    private boolean autoRemove;
    private List<String> capAdd = List.of();
    private List<String> capDrop = List.of();
    private List<VolumeMount> volumes = List.of();
    private boolean noTemplate;
    private RestartPolicy restart = RestartPolicy.NO;
    private Optional<HealthCheck> healthCheck = Optional.empty();
    private NetworkOptions network = NetworkOptions.DEFAULT;
    private PullPolicy pull = PullPolicy.MISSING;

    private Builder(Optional<String> image, Optional<String> rootfsPath) {
      this.image = image;
      this.rootfsPath = rootfsPath;
    }

    private Builder(BoxOptions from) {
      image = from.image;
      rootfsPath = from.rootfsPath;
      name = from.name;
      cpus = from.cpus;
      memoryMib = from.memoryMib;
      diskSizeGb = from.diskSizeGb;
      workingDir = from.workingDir;
      env.putAll(from.env);
      entrypoint = from.entrypoint;
      cmd = from.cmd;
      user = from.user;
      tty = from.tty;
      detach = from.detach;
      autoRemove = from.autoRemove;
      capAdd = from.capAdd;
      capDrop = from.capDrop;
      volumes = from.volumes;
      noTemplate = from.noTemplate;
      restart = from.restart;
      healthCheck = from.healthCheck;
      network = from.network;
      pull = from.pull;
    }

    /// Names the box.
    ///
    /// @param value unique name
    /// @return this
    public Builder name(String value) {
      name = Optional.of(value);
      return this;
    }

    /// Sets the virtual CPUs.
    ///
    /// @param count 1 to the host's count
    /// @return this
    public Builder cpus(int count) {
      cpus = count;
      return this;
    }

    /// Sets the memory.
    ///
    /// @param mib MiB, 128 to 65536
    /// @return this
    public Builder memoryMib(int mib) {
      memoryMib = mib;
      return this;
    }

    /// Sets the size of the disk.
    ///
    /// @param size GiB, 1 to 1024
    /// @return this
    public Builder diskSizeGb(int size) {
      diskSizeGb = Optional.of(size);
      return this;
    }

    /// Sets the main command's directory.
    ///
    /// @param directory absolute path in the box
    /// @return this
    public Builder workingDir(String directory) {
      workingDir = Optional.of(directory);
      return this;
    }

    /// Sets variables.
    ///
    /// @param variables names and values
    /// @return this
    public Builder env(Map<String, String> variables) {
      env.putAll(variables);
      return this;
    }

    /// Replaces the image's ENTRYPOINT.
    ///
    /// @param argv program and first arguments
    /// @return this
    public Builder entrypoint(List<String> argv) {
      entrypoint = Optional.of(argv);
      return this;
    }

    /// Replaces the image's CMD.
    ///
    /// @param argv arguments, or program and arguments
    /// @return this
    public Builder cmd(List<String> argv) {
      cmd = Optional.of(argv);
      return this;
    }

    /// Sets the user.
    ///
    /// @param spec `<name|uid>[:<group|gid>]`
    /// @return this
    public Builder user(String spec) {
      user = Optional.of(spec);
      return this;
    }

    /// Gives the main command a terminal.
    ///
    /// @param on whether it has one
    /// @return this
    public Builder tty(boolean on) {
      tty = on;
      return this;
    }

    /// Lets the box outlive the program that made it.
    ///
    /// @param on whether it does
    /// @return this
    public Builder detach(boolean on) {
      detach = on;
      return this;
    }

    /// Removes the box when it stops.
    ///
    /// @param on whether to
    /// @return this
    public Builder autoRemove(boolean on) {
      autoRemove = on;
      return this;
    }

    /// Gives the box volumes.
    ///
    /// @param mounts in the order of their mounting
    /// @return this
    public Builder volumes(List<VolumeMount> mounts) {
      volumes = mounts;
      return this;
    }

    /// Lets the VM boot at every start.
    ///
    /// @param on whether it does
    /// @return this
    public Builder noTemplate(boolean on) {
      noTemplate = on;
      return this;
    }

    /// Says when the box is started again by itself.
    ///
    /// @param policy when; [RestartPolicy#NO] unless set
    /// @return this
    public Builder restart(RestartPolicy policy) {
      restart = policy;
      return this;
    }

    /// Says how to find out whether the box works.
    ///
    /// @param check what it leaves out is as the image says
    /// @return this
    public Builder healthCheck(HealthCheck check) {
      healthCheck = Optional.of(check);
      return this;
    }

    /// Says what the box may reach, and what leads into it; secrets too, so before [#secret].
    ///
    /// @param options [NetworkOptions#DEFAULT] unless set
    /// @return this
    public Builder network(NetworkOptions options) {
      network = options;
      return this;
    }

    /// Adds a value that programs of the box use without having it.
    ///
    /// @param value the secret
    /// @return this
    public Builder secret(Secret value) {
      List<Secret> all = new ArrayList<>(network.secrets());
      all.add(value);
      network = network.withSecrets(all);
      return this;
    }

    /// Says when the image is fetched.
    ///
    /// @param policy when; [PullPolicy#MISSING] unless set
    /// @return this
    public Builder pull(PullPolicy policy) {
      pull = policy;
      return this;
    }

    /// Adds Linux capabilities.
    ///
    /// @param names names, or `ALL`
    /// @return this
    public Builder capAdd(List<String> names) {
      capAdd = names;
      return this;
    }

    /// Drops Linux capabilities.
    ///
    /// @param names names, or `ALL`
    /// @return this
    public Builder capDrop(List<String> names) {
      capDrop = names;
      return this;
    }

    /// Sets one variable.
    ///
    /// @param variable its name, without `=`
    /// @param value any
    /// @return this
    public Builder env(String variable, String value) {
      env.put(variable, value);
      return this;
    }

    /// {@return the options}
    ///
    /// @throws ConfigException if any value is invalid; names every violation
    public BoxOptions build() {
      return new BoxOptions(
          name,
          image,
          rootfsPath,
          cpus,
          memoryMib,
          diskSizeGb,
          workingDir,
          env,
          entrypoint,
          cmd,
          user,
          tty,
          detach,
          autoRemove,
          capAdd,
          capDrop,
          volumes,
          noTemplate,
          restart,
          healthCheck,
          network,
          pull);
    }
  }
}
