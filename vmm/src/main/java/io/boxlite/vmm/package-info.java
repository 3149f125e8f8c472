/// The contract between the runtime and a VM monitor.
///
/// ```java
/// VmmDriver driver = QemuDriver.open(options);
/// Vm vm = driver.start(config);          // booting, its disks attached
/// record(vm.process());                  // so that the next supervisor finds it
/// connect(vm.portalSocket());
/// …
/// vm.quit(Duration.ofSeconds(5));        // the process is gone
/// ```
///
/// A VM outlives the program that started it: [io.boxlite.vmm.VmmDriver#reattach] takes it over.
package io.boxlite.vmm;
