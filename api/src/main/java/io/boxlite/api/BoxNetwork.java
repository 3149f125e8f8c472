package io.boxlite.api;

import java.io.InputStream;
import java.util.List;

/// The network of one box. From any thread; blocking.
///
/// @since 0.1
public interface BoxNetwork {
  /// {@return what it is now}
  ///
  /// @throws BoxliteException if the box is gone
  NetworkInfo info();

  /// Lets the box reach more: rules are added to what is allowed, and taken from what is denied.
  /// Acts at once, and at later starts.
  ///
  /// @param rules as of [NetworkOptions#allowNet]
  /// @param only whether these take the place of all others
  /// @return what it is now
  /// @throws ConfigException if a rule cannot be read
  /// @throws InvalidStateException if the box has no interface; or if everything is allowed, no
  ///   rule is denied, and `only` is not set
  NetworkInfo allow(List<String> rules, boolean only);

  /// Lets the box reach less: rules are taken from what is allowed, and others are added to what is
  /// denied. Open connections that are not allowed any more end.
  ///
  /// @param rules as of [NetworkOptions#denyNet]
  /// @return what it is now
  /// @throws ConfigException if a rule cannot be read
  /// @throws InvalidStateException if the box has no interface, or the last allowed rule would go,
  ///   which would allow everything
  NetworkInfo deny(List<String> rules);

  /// Leads a port of the host into the box, now if it runs and at later starts.
  ///
  /// @param port which
  /// @return the port; while the box does not run, with host port 0 if any will do
  /// @throws AlreadyExistsException if a box of this home has it
  /// @throws NetworkException if another program has it
  PublishedPort publish(PortMapping port);

  /// Ends what [#publish] began.
  ///
  /// @param hostPort port of the host
  /// @param protocol its protocol
  /// @throws NotFoundException if it does not lead into this box
  void unpublish(int hostPort, PortMapping.Protocol protocol);

  /// Opens a connection to a port of the running box.
  ///
  /// @param port 1 to 65535
  /// @return the connection, to be closed by the caller
  /// @throws NetworkException if nothing listens there
  /// @throws InvalidStateException if the box does not run
  Tunnel tunnel(int port);

  /// What the box tried to reach, and what came of it: a JSON object a line.
  ///
  /// @param follow whether to wait for what comes, until the stream is closed or the box is removed
  /// @return the lines, to be closed by the caller
  InputStream log(boolean follow);
}
