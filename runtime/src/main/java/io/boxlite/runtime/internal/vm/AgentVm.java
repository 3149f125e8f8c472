package io.boxlite.runtime.internal.vm;

import io.boxlite.api.BoxliteException;
import io.boxlite.api.EngineException;
import io.boxlite.api.InternalException;
import io.boxlite.api.StartOrigin;
import io.boxlite.runtime.internal.portal.Portal;
import io.boxlite.vmm.Vm;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/// A VM whose agent answers: ready to become any box. Not before the agent has been told to make
/// the VM one of its own, which goes along with the box's container, does it do anything of a
/// user's.
///
/// @param vm to be ended, or closed, by whoever has this
/// @param portal to be closed by whoever has this
/// @param origin where its guest began
/// @param spawn how long it took until the VM was there
/// @param guestBoot how long it took from then until the agent was ready
public record AgentVm(
    Vm vm, Portal portal, StartOrigin origin, Duration spawn, Duration guestBoot) {

  /// Connects to the agent, for as long as the VM lives and the time lasts.
  ///
  /// @param vm the guest may still be booting
  /// @param timeout for all of it
  /// @return the portal, with no call made yet
  /// @throws BoxliteException if the agent does not answer, or the VM has ended
  public static Portal connect(Vm vm, Duration timeout) {
    CompletableFuture<Portal> portal = new CompletableFuture<>();
    Thread connecting =
        Thread.ofVirtual().name("portal-" + vm.id()).start(() -> connect(vm, timeout, portal));
    var _ =
        vm.onExit()
            .thenAccept(exit ->
                portal.completeExceptionally(
                    new EngineException(
                        "vm_ended",
                        "the VM ended: "
                            + (exit.cause().isEmpty() ? "killed, or it crashed" : exit.cause()))));
    try {
      return portal.get();
    } catch (ExecutionException e) {
      connecting.interrupt();
      throw e.getCause() instanceof BoxliteException known
          ? known
          : new InternalException("portal", "connect to the agent: " + e.getCause(), e, Map.of());
    } catch (InterruptedException e) {
      EngineException given =
          new EngineException("interrupted", "start of a box was interrupted", e, Map.of());
      if (portal.completeExceptionally(given)) {
        connecting.interrupt();
      } else {
        var _ = portal.thenAccept(Portal::close);
      }
      Thread.currentThread().interrupt();
      throw given;
    }
  }

  private static void connect(Vm vm, Duration timeout, CompletableFuture<Portal> result) {
    try {
      Portal portal = Portal.connect(vm.portalSocket(), timeout);
      if (!result.complete(portal)) {
        portal.close();
      }
    } catch (RuntimeException e) {
      result.completeExceptionally(e);
    }
  }

  /// Ends the VM.
  ///
  /// @throws EngineException if its process survives
  void kill() {
    try {
      portal.close();
    } finally {
      vm.kill();
    }
  }
}
