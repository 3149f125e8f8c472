package io.boxlite.examples;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.Boxlite;
import io.boxlite.api.ExecResult;
import io.boxlite.boxes.SimpleBox;

/// Runs two commands in one box and shows that the box keeps its state between them.
final class HelloBox {
  private HelloBox() {}

  public static void main(String[] arguments) throws Exception {
    try (Boxlite boxlite = Boxlite.open();
        SimpleBox box =
            SimpleBox.start(
                boxlite, BoxOptions.ofImage("base").memoryMib(256).autoRemove(true).build())) {
      box.exec("sh", "-c", "echo hello from $(uname -r) > /root/greeting");
      ExecResult result = box.exec("cat", "/root/greeting");
      System.out.print(result.stdout());
    }
  }
}
