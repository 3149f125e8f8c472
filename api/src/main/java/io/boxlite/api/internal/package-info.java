/// What several modules of BoxLite share and programs do not use.
package io.boxlite.api.internal;
