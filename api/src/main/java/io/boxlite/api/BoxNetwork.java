package io.boxlite.api;

import java.io.InputStream;
import java.util.List;

/// What can be done with the network of one box. What it is now, [Box#info()] says. Changes act at
/// once when the box runs, and hold at later starts. From any thread; blocking.
///
/// @since 0.1
public interface BoxNetwork {
  /// Lets the box reach more: rules are taken from what is denied, and added to what is allowed if
  /// not everything is.
  ///
  /// @param rules as of [NetworkOptions#allowNet]
  /// @param only whether these take the place of all that were allowed; what is denied besides
  ///   stays so. Open connections that are not allowed any more end
  /// @return what it is now
  /// @throws ConfigException if a rule cannot be read
  /// @throws InvalidStateException if the box has no interface; or if everything is allowed and
  ///   none of these was denied, and `only` is not set
  NetworkInfo allow(List<String> rules, boolean only);

  /// Lets the box reach less: rules are taken from what is allowed, and added to what is denied,
  /// which wins. Open connections that are not allowed any more end.
  ///
  /// @param rules as of [NetworkOptions#denyNet]
  /// @return what it is now
  /// @throws ConfigException if a rule cannot be read
  /// @throws InvalidStateException if the box has no interface, or the last allowed rule would go,
  ///   which would allow everything
  NetworkInfo deny(List<String> rules);

  /// Leads a port of the host into the box.
  ///
  /// @param port which
  /// @return the port; while the box does not run, with host port 0 if any will do
  /// @throws AlreadyExistsException if it leads into a box already
  /// @throws NetworkException if another program has it
  /// @throws InvalidStateException if the box has no interface
  PublishedPort publish(PortMapping port);

  /// Ends what [#publish] began; open connections by that port end.
  ///
  /// @param hostPort port of the host, of whichever addresses
  /// @param protocol its protocol
  /// @throws NotFoundException if it does not lead into this box
  void unpublish(int hostPort, PortMapping.Protocol protocol);

  /// Opens a connection to a port of the running box.
  ///
  /// @param port 1 to 65535
  /// @return the connection, to be closed by the caller
  /// @throws NetworkException if nothing listens there
  /// @throws InvalidStateException if the box does not run, or has no interface
  Tunnel tunnel(int port);

  /// What the box tried to reach, and what came of it: a JSON object a line.
  ///
  /// @param follow whether to wait for what comes, until the stream is closed or the box is removed
  /// @return the lines, to be closed by the caller
  InputStream log(boolean follow);
}
