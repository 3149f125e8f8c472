package io.boxlite.api;

import java.util.Optional;

/// What is to be changed of a box; what is empty stays. CPUs, memory and disk take effect at the
/// box's next start, its restart policy at once. Immutable; made by a [Builder].
///
/// @param cpus virtual CPUs, 1 to the host's count
/// @param memoryMib memory in MiB, 128 to 65536
/// @param diskSizeGb size of the box's disk in GiB, up to 1024, not less than it has
/// @param restart when it is started again by itself
/// @since 0.1
public record BoxUpdate(
    Optional<Integer> cpus,
    Optional<Integer> memoryMib,
    Optional<Integer> diskSizeGb,
    Optional<RestartPolicy> restart) {

  /// {@return a builder for a change of nothing}
  public static Builder builder() {
    return new Builder();
  }

  /// Makes the change.
  ///
  /// @param options of the box
  /// @return the options that it shall have
  /// @throws ConfigException if any value is invalid; names every violation
  public BoxOptions applyTo(BoxOptions options) {
    BoxOptions.Builder changed = options.toBuilder();
    cpus.ifPresent(changed::cpus);
    memoryMib.ifPresent(changed::memoryMib);
    diskSizeGb.ifPresent(changed::diskSizeGb);
    restart.ifPresent(changed::restart);
    return changed.build();
  }

  /// Collects changes; confined to one thread.
  ///
  /// @since 0.1
  public static final class Builder {
    private Optional<Integer> cpus = Optional.empty();
    private Optional<Integer> memoryMib = Optional.empty();
    private Optional<Integer> diskSizeGb = Optional.empty();
    private Optional<RestartPolicy> restart = Optional.empty();

    private Builder() {}

    /// Changes the virtual CPUs.
    ///
    /// @param count 1 to the host's count
    /// @return this
    public Builder cpus(int count) {
      cpus = Optional.of(count);
      return this;
    }

    /// Changes the memory.
    ///
    /// @param mib MiB, 128 to 65536
    /// @return this
    public Builder memoryMib(int mib) {
      memoryMib = Optional.of(mib);
      return this;
    }

    /// Changes the size of the disk, which can only grow.
    ///
    /// @param size GiB, up to 1024
    /// @return this
    public Builder diskSizeGb(int size) {
      diskSizeGb = Optional.of(size);
      return this;
    }

    /// Changes when it is started again by itself.
    ///
    /// @param policy not together with `autoRemove`
    /// @return this
    public Builder restart(RestartPolicy policy) {
      restart = Optional.of(policy);
      return this;
    }

    /// {@return the change}
    public BoxUpdate build() {
      return new BoxUpdate(cpus, memoryMib, diskSizeGb, restart);
    }
  }
}
