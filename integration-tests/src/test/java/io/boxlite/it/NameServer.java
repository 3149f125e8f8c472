package io.boxlite.it;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/// A resolver on loopback that knows the IPv4 addresses of some names.
final class NameServer implements AutoCloseable {
  private static final int TTL_SECONDS = 60;

  /// Of names that change their addresses.
  private static final int SHORT_TTL_SECONDS = 3;

  private final DatagramSocket socket;
  private final Map<String, InetAddress> names;
  private final Map<String, Queue<List<InetAddress>>> turns = new ConcurrentHashMap<>();
  private final Map<String, InetAddress> below = new ConcurrentHashMap<>();

  /// What was asked for: name and type.
  final Queue<String> questions = new ConcurrentLinkedQueue<>();

  NameServer(Map<String, InetAddress> names) throws IOException {
    this.names = names;
    this.socket = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    Thread.ofVirtual().name("name-server").start(this::serve);
  }

  /// Lets a name have other addresses each time that it is asked for, and the last for ever. They
  /// live for three seconds.
  @SafeVarargs
  final void turn(String name, List<InetAddress>... answers) {
    turns.put(name, new ConcurrentLinkedQueue<>(List.of(answers)));
  }

  /// Lets all names below one have an address.
  void all(String domain, InetAddress address) {
    below.put(domain, address);
  }

  /// {@return its address and port}
  String address() {
    return "127.0.0.1:" + port();
  }

  int port() {
    return socket.getLocalPort();
  }

  private void serve() {
    byte[] buffer = new byte[4096];
    while (!socket.isClosed()) {
      try {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        socket.receive(packet);
        byte[] reply = answer(new Message(Arrays.copyOf(buffer, packet.getLength()))).toWire();
        socket.send(new DatagramPacket(reply, reply.length, packet.getSocketAddress()));
      } catch (IOException _) {
        // Closed, or a message that is none.
      }
    }
  }

  private Message answer(Message question) {
    Record asked = question.getQuestion();
    questions.add(asked.getName().toString(true) + " " + Type.string(asked.getType()));
    Message reply = new Message(question.getHeader().getID());
    reply.getHeader().setFlag(Flags.QR);
    reply.addRecord(asked, Section.QUESTION);
    String name = asked.getName().toString(true);
    boolean turning = turns.containsKey(name);
    List<InetAddress> addresses = asked.getType() == Type.A ? addresses(name) : List.of();
    if (addresses.isEmpty() && !turning && !names.containsKey(name)) {
      reply.getHeader().setRcode(Rcode.NXDOMAIN);
    }
    int ttl = turning ? SHORT_TTL_SECONDS : TTL_SECONDS;
    for (InetAddress address : addresses) {
      reply.addRecord(new ARecord(asked.getName(), DClass.IN, ttl, address), Section.ANSWER);
    }
    return reply;
  }

  private List<InetAddress> addresses(String name) {
    Queue<List<InetAddress>> answers = turns.get(name);
    if (answers != null) {
      return Objects.requireNonNull(answers.size() > 1 ? answers.poll() : answers.peek());
    }
    InetAddress address = names.get(name);
    if (address == null) {
      address = below.get(name.substring(name.indexOf('.') + 1));
    }
    return address == null ? List.of() : List.of(address);
  }

  @Override
  public void close() {
    socket.close();
  }
}
