package io.boxlite.bench;

import com.sun.net.httpserver.HttpServer;
import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Moves bytes between programs of a VM and servers on the loopback of the host: by the network of
/// a box, without rules and with, by QEMU's user network, by passt; and without a VM. In turn,
/// round after round, of which the first does not count.
///
/// Run by `bench/network`.
final class NetworkBench {
  private static final int BOX = 2; // among the places
  private static final int RULED = 3;
  private static final Pattern MEGABITS = Pattern.compile("([0-9.]+) Mbits/sec.*receiver");
  private static final Pattern PER_SECOND = Pattern.compile("Requests per second: +([0-9.]+)");
  private static final Pattern MILLIS =
      Pattern.compile("Time per request: +([0-9.]+) \\[ms] \\(mean\\)");
  // Denied to the box with rules, which is the same box: two would differ by more than by rules.
  private static final List<String> RULES =
      List.of("*.example.com", "198.51.100.0/24", "203.0.113.0/24:443", "2001:db8::/32");
  private static final int BACKLOG = 1024;
  private static final int KILLED = 137;
  private static final Duration FLOODED = Duration.ofSeconds(3);

  /// Something to measure.
  ///
  /// @param line of shell; `H`, `I` and `W` stand for the host, its port of iperf3, and of HTTP
  /// @param value is found in what it prints
  private record Job(String name, String unit, String line, Pattern value) {}

  private static final List<Job> JOBS =
      List.of(
          new Job("to the host", "Mb/s", "iperf3 -c H -p I -t 2 -f m", MEGABITS),
          new Job("from the host", "Mb/s", "iperf3 -c H -p I -t 2 -f m -R", MEGABITS),
          new Job("a small request", "ms", "ab -q -k -n 300 http://H:W/", MILLIS),
          new Job("connections, 8 at once", "1/s", "ab -q -c 8 -n 400 http://H:W/", PER_SECOND));

  /// Runs a line of shell and returns what it prints.
  private interface Shell {
    String run(String line) throws Exception;
  }

  /// From where it is measured.
  ///
  /// @param before each sample
  private record Place(
      String name, Shell shell, String host, Runnable before, List<double[]> rounds) {
    Place(String name, Shell shell, String host, Runnable before) {
      this(name, shell, host, before, new ArrayList<>());
    }

    Place(String name, Shell shell, String host) {
      this(name, shell, host, () -> {});
    }

    double[] of(int job) {
      return rounds.stream().mapToDouble(round -> round[job]).toArray();
    }
  }

  private NetworkBench() {}

  /// Measures and prints.
  ///
  /// @param arguments the root of the source tree, built; the directory that `bench/tools-image`
  ///   made; rounds
  public static void main(String[] arguments) throws Exception {
    Path root = Path.of(arguments[0]).toAbsolutePath().normalize();
    Path made = Path.of(arguments[1]);
    int rounds = Integer.parseInt(arguments[2]);
    System.setProperty("sun.net.httpserver.nodelay", "true");
    int iperf = freePort();
    HttpServer web = web();
    Process server =
        new ProcessBuilder("iperf3", "-s", "-B", "127.0.0.1", "-p", String.valueOf(iperf))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (WorkDirectory work = WorkDirectory.create();
        CommandHome home = new CommandHome(root, work.path().resolve("home"), Map.of())) {
      System.out.println("engine: " + home.client().info().engine());
      boolean kvm = home.client().info().virtualization().equals("available");
      Ports ports = new Ports(iperf, web.getAddress().getPort());
      measure(root, made, work.path(), home, kvm, ports, rounds);
    } finally {
      server.destroyForcibly().waitFor();
      web.stop(0);
    }
  }

  private record Ports(int iperf, int web) {
    String fill(String line, String host) {
      return line.replace("H", host)
          .replace(" I ", " " + iperf + " ")
          .replace(":W", ":" + web)
          .replace(" W ", " " + web + " ");
    }
  }

  private static void measure(
      Path root, Path made, Path work, CommandHome home, boolean kvm, Ports ports, int rounds)
      throws Exception {
    Path initramfs = made.resolve("initramfs.gz");
    Path socket = work.resolve("passt.sock");
    Process passt = passt(socket);
    try (BareVm user = bareVm(root, initramfs, work.resolve("user.qcow2"), kvm, "user,id=net");
        BareVm other =
            bareVm(
                root,
                initramfs,
                work.resolve("passt.qcow2"),
                kvm,
                "stream,id=net,server=off,addr.type=unix,addr.path=" + socket)) {
      user.run(up("10.0.2.15", "10.0.2.2"));
      other.run(up("10.0.3.15", "10.0.3.2") + "; ip link set eth0 mtu 65520");
      Box box = box(home, made);
      Box flooding = box(home, made);
      List<Place> places =
          List.of(
              new Place("QEMU user network", user::run, "10.0.2.2"),
              new Place("passt", other::run, "10.0.3.2"),
              new Place("box", line -> exec(box, line), "192.168.127.254", () -> rule(box, false)),
              new Place(
                  "box with rules",
                  line -> exec(box, line),
                  "192.168.127.254",
                  () -> rule(box, true)),
              new Place("host", NetworkBench::onHost, "127.0.0.1"));
      for (int round = -1; round < rounds; round++) {
        // The one box first, then the other way round: what changes meanwhile meets each place
        // alike.
        for (Place place : round % 2 == 0 ? places : places.reversed()) {
          place.before.run();
          Quiet.await();
          double[] values = sample(place, ports);
          if (round >= 0) {
            place.rounds.add(values);
          }
        }
      }
      print(places);
      floods(home, places.get(BOX), flooding, ports, rounds);
      box.remove(true);
      flooding.remove(true);
    } finally {
      passt.destroyForcibly().waitFor();
    }
  }

  private static Process passt(Path socket) throws IOException {
    Process passt =
        new ProcessBuilder(
                List.of(
                    "passt",
                    "-f",
                    "-q",
                    "-4",
                    "--runas",
                    "0",
                    "-s",
                    socket.toString(),
                    "-a",
                    "10.0.3.15",
                    "-n",
                    "24",
                    "-g",
                    "10.0.3.2"))
            .redirectErrorStream(true)
            .redirectOutput(socket.resolveSibling("passt.log").toFile())
            .start();
    Starts.await("passt listens", () -> Files.exists(socket) || !passt.isAlive());
    if (!passt.isAlive()) {
      throw new IOException("passt: " + Files.readString(socket.resolveSibling("passt.log")));
    }
    return passt;
  }

  private static BareVm bareVm(Path root, Path initramfs, Path disk, boolean kvm, String network)
      throws Exception {
    return new BareVm(
        root, initramfs, disk, 1, kvm, "-netdev", network, "-device", "virtio-net-pci,netdev=net");
  }

  private static String up(String address, String gateway) {
    return "ip link set lo up; ip address add "
        + address
        + "/24 dev eth0; ip link set eth0 up; ip route add default via "
        + gateway;
  }

  private static Box box(CommandHome home, Path made) {
    Box box =
        home.client()
            .create(
                BoxOptions.ofRootfs(made.resolve("layout").toString())
                    .cmd(List.of("sleep", "100000"))
                    .build());
    box.start();
    return box;
  }

  private static void rule(Box box, boolean on) {
    boolean is = !box.info().network().denyNet().isEmpty();
    if (on && !is) {
      box.network().deny(RULES);
    } else if (is && !on) {
      box.network().allow(RULES, false);
    }
  }

  private static double[] sample(Place place, Ports ports) throws Exception {
    double[] values = new double[JOBS.size()];
    for (int i = 0; i < values.length; i++) {
      Job job = JOBS.get(i);
      String out = place.shell.run(ports.fill(job.line, place.host));
      Matcher matcher = job.value.matcher(out);
      if (!matcher.find()) {
        throw new IOException(place.name + ": " + job.line + " printed " + out);
      }
      values[i] = Double.parseDouble(matcher.group(1));
    }
    return values;
  }

  private static String exec(Box box, String line) throws Exception {
    Execution execution = box.exec(ExecOptions.of("sh", "-c", line + " 2>&1"));
    String out = new String(execution.stdout().readAllBytes(), StandardCharsets.UTF_8);
    return ended(line, out, execution.waitFor().code());
  }

  private static String onHost(String line) throws Exception {
    Process process = new ProcessBuilder("sh", "-c", line).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return ended(line, out, process.waitFor());
  }

  private static String ended(String line, String out, int code) throws IOException {
    if (code != 0) {
      throw new IOException(line + " ended with " + code + ": " + out);
    }
    return out;
  }

  private static HttpServer web() throws IOException {
    HttpServer web =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), BACKLOG);
    byte[] body = "hello\n".getBytes(StandardCharsets.US_ASCII);
    web.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    web.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    web.start();
    return web;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /// What a box's requests take beside another that does something else, and the memory of what
  /// serves that one. The floor is another that only uses its CPU.
  private static void floods(CommandHome home, Place place, Box flooding, Ports ports, int rounds)
      throws Exception {
    System.out.println("\nrequests of a box, ms, beside another that floods; to one that spins\n");
    List<String> floods =
        List.of("spin", "syn H W", "dns 192.168.127.1 53", "udp H 1", "flows H W");
    place.before.run();
    double[][] kept = new double[floods.size()][rounds];
    double[][] fresh = new double[floods.size()][rounds];
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < floods.size(); i++) {
        Quiet.await();
        String flood = ports.fill(" " + floods.get(i) + " ", place.host);
        Execution bad = flooding.exec(ExecOptions.of("sh", "-c", "exec flood" + flood));
        Thread.sleep(FLOODED);
        kept[i][round] = millis(place, ports, "ab -q -k -n 300 http://H:W/");
        fresh[i][round] = millis(place, ports, "ab -q -n 300 http://H:W/");
        bad.kill();
        if (bad.waitFor().shellCode() != KILLED) {
          throw new IOException("flood" + flood + "has ended before");
        }
      }
    }
    printFloods(floods, "", kept);
    printFloods(floods, ", each a connection", fresh);
    for (ProcessHandle helper : home.helpers()) {
      System.out.println(memory(helper));
    }
    System.out.println(memory(home.supervisor()));
  }

  private static void printFloods(List<String> floods, String how, double[][] values) {
    for (int i = 0; i < values.length; i++) {
      String name = "  " + floods.get(i).split(" ", -1)[0] + how;
      print(new Samples(name, "ms", values[i]), values[0]);
    }
  }

  /// With the ratio to a floor of the same rounds.
  private static void print(Samples samples, double[] floor) {
    System.out.println(samples.line() + "   " + spread(ratio(samples.values(), floor)));
  }

  private static String spread(Samples ratio) {
    return String.format(
        Locale.ROOT,
        "%.2f [%.2f – %.2f]",
        ratio.median(),
        ratio.quantile(0.1),
        ratio.quantile(0.9));
  }

  private static Samples ratio(double[] values, double[] floor) {
    double[] ratios = new double[floor.length];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = values[i] / floor[i];
    }
    return new Samples("", "", ratios);
  }

  private static String memory(ProcessHandle process) throws IOException {
    Path status = Path.of("/proc", String.valueOf(process.pid()), "status");
    String name = "";
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("Name:")) {
        name = line.substring("Name:".length()).strip();
      } else if (line.startsWith("VmHWM:")) {
        return "most memory of " + name + ": " + line.substring("VmHWM:".length()).strip();
      }
    }
    return name;
  }

  private static double millis(Place place, Ports ports, String line) throws Exception {
    String out = place.shell.run(ports.fill(line, place.host));
    Matcher matcher = MILLIS.matcher(out);
    if (!matcher.find()) {
      throw new IOException(line + " printed " + out);
    }
    return Double.parseDouble(matcher.group(1));
  }

  /// Prints each job's values, and their ratios to those of QEMU's user network of the same round.
  private static void print(List<Place> places) {
    System.out.println(
        "median [lowest tenth – highest tenth]; to QEMU's user network, round by round\n");
    for (int job = 0; job < JOBS.size(); job++) {
      System.out.println(JOBS.get(job).name());
      double[] floor = places.getFirst().of(job);
      for (Place place : places) {
        print(new Samples("  " + place.name, JOBS.get(job).unit(), place.of(job)), floor);
      }
      Samples with = new Samples("", "", places.get(RULED).of(job));
      Samples without = new Samples("", "", places.get(BOX).of(job));
      System.out.printf(
          Locale.ROOT,
          "  rules to none, round by round: %s; of the medians: %.2f%n",
          spread(ratio(with.values(), without.values())),
          with.median() / without.median());
    }
  }
}
