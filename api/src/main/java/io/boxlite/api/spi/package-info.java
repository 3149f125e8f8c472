/// For implementations of the API; programs do not use it.
package io.boxlite.api.spi;
