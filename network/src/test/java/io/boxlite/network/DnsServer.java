package io.boxlite.network;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/// A DNS server on loopback, over UDP and TCP.
final class DnsServer implements AutoCloseable {
  final List<String> asked = new CopyOnWriteArrayList<>();
  final Semaphore gate = new Semaphore(1_000_000);
  volatile boolean silent;
  private final Map<String, List<Record>> zone = new ConcurrentHashMap<>();
  private final DatagramSocket udp;
  private final ServerSocket tcp;

  DnsServer() throws IOException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    tcp = new ServerSocket(0, 50, loopback);
    udp = new DatagramSocket(tcp.getLocalPort(), loopback);
    Thread.ofVirtual().start(this::serveUdp);
    Thread.ofVirtual().start(this::serveTcp);
  }

  List<InetSocketAddress> addresses() {
    return List.of((InetSocketAddress) udp.getLocalSocketAddress());
  }

  /// Answers a name by records in the format of zone files, as `60 A 192.0.2.1`.
  void put(String name, String... records) {
    try {
      List<Record> parsed = new CopyOnWriteArrayList<>();
      for (String record : records) {
        String[] parts = record.split(" ", 3);
        // `ALIAS` puts a record of another owner into the answer: `name/60 A 192.0.2.1`.
        String[] owner = parts[0].split("/");
        Name of = Name.fromString((owner.length > 1 ? owner[0] : name) + ".");
        parsed.add(
            Record.fromString(
                of,
                Type.value(parts[1]),
                DClass.IN,
                Long.parseLong(owner[owner.length - 1]),
                parts[2],
                Name.root));
      }
      zone.put(name, parsed);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private Message answer(Message query) {
    Record question = query.getQuestion();
    String name = question.getName().toString(true).toLowerCase(java.util.Locale.ROOT);
    asked.add(name + " " + Type.string(question.getType()));
    Message answer = new Message(query.getHeader().getID());
    answer.getHeader().setFlag(Flags.QR);
    answer.addRecord(question, Section.QUESTION);
    List<Record> records = zone.get(name);
    if (records == null) {
      answer.getHeader().setRcode(Rcode.NXDOMAIN);
      return answer;
    }
    records.stream()
        .filter(record ->
            record.getType() == question.getType()
                || record.getType() == Type.CNAME
                || !record.getName().equals(question.getName()))
        .forEach(record -> answer.addRecord(record, Section.ANSWER));
    return answer;
  }

  private void serveUdp() {
    byte[] buffer = new byte[4096];
    while (!udp.isClosed()) {
      try {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        udp.receive(packet);
        Message query = new Message(java.util.Arrays.copyOf(buffer, packet.getLength()));
        var to = packet.getSocketAddress();
        Thread.ofVirtual().start(() -> answerUdp(query, to));
      } catch (IOException e) {
        // closed, or nonsense
      }
    }
  }

  private void answerUdp(Message query, java.net.SocketAddress to) {
    gate.acquireUninterruptibly();
    try {
      Message answer = answer(query);
      if (!silent) {
        byte[] wire = answer.toWire(512);
        udp.send(new DatagramPacket(wire, wire.length, to));
      }
    } catch (IOException e) {
      // the server is closed
    } finally {
      gate.release();
    }
  }

  private void serveTcp() {
    while (!tcp.isClosed()) {
      try (Socket socket = tcp.accept()) {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte[] query = in.readNBytes(in.readUnsignedShort());
        byte[] answer = answer(new Message(query)).toWire(65535);
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        out.writeShort(answer.length);
        out.write(answer);
        out.flush();
      } catch (IOException e) {
        // closed
      }
    }
  }

  @Override
  public void close() throws IOException {
    udp.close();
    tcp.close();
  }
}
