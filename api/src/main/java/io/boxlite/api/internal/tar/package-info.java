/// Tar archives, read strictly and written. Not for use outside of this project.
package io.boxlite.api.internal.tar;
