/// Files of this host as a tar, and back. Not for use outside of this project.
package io.boxlite.api.internal.copy;
