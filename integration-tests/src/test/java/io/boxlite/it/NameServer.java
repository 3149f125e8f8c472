package io.boxlite.it;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.Map;
import java.util.Queue;
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
  private final DatagramSocket socket;
  private final Map<String, InetAddress> names;

  /// What was asked for: name and type.
  final Queue<String> questions = new ConcurrentLinkedQueue<>();

  NameServer(Map<String, InetAddress> names) throws IOException {
    this.names = names;
    this.socket = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    Thread.ofVirtual().name("name-server").start(this::serve);
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
    InetAddress address = names.get(asked.getName().toString(true));
    if (address == null) {
      reply.getHeader().setRcode(Rcode.NXDOMAIN);
    } else if (asked.getType() == Type.A) {
      reply.addRecord(new ARecord(asked.getName(), DClass.IN, 60, address), Section.ANSWER);
    }
    return reply;
  }

  @Override
  public void close() {
    socket.close();
  }
}
