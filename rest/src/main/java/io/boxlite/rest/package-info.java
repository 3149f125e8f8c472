/// JSON bodies, error envelope, frames and paths of the REST contract.
///
/// ```java
/// byte[] json = JsonCodec.write(BoxMapping.toBody(box.info()));
/// BoxInfo info = BoxMapping.toInfo(JsonCodec.read(BoxBody.class, json));
/// ```
package io.boxlite.rest;
