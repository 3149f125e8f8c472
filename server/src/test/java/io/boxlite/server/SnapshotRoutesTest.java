package io.boxlite.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.boxlite.api.AlreadyExistsException;
import io.boxlite.api.Box;
import io.boxlite.api.NotFoundException;
import io.boxlite.api.SnapshotInfo;
import io.boxlite.api.Snapshots;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@OnEachTransport
@Timeout(30)
class SnapshotRoutesTest extends ServedTest {
  @Test
  void snapshotsGoThroughTheClient() throws Exception {
    Snapshots snapshots = running().snapshots();
    SnapshotInfo made = snapshots.create("a b?é");
    assertThat(snapshots.list()).containsExactly(made);
    assertThat(snapshots.get("a b?é")).contains(made);
    assertThat(snapshots.get("none")).isEmpty();
    assertThat(snapshots.get("../x")).isEmpty();
    assertThatThrownBy(() -> snapshots.create("a b?é")).isInstanceOf(AlreadyExistsException.class);
    snapshots.restore("a b?é");
    snapshots.remove("a b?é");
    assertThat(snapshots.list()).isEmpty();
    assertThatThrownBy(() -> snapshots.remove("a b?é")).isInstanceOf(NotFoundException.class);
    assertThatThrownBy(() -> snapshots.restore("/")).isInstanceOf(NotFoundException.class);
  }

  @Test
  void bodiesAreThoseOfTheContract() throws Exception {
    running();
    String path = "/v1/boxes/01BOX1/snapshots";
    assertThat(request("POST", path, "{\"name\":\"one\"}"))
        .startsWith("HTTP/1.1 201 ")
        .contains("\"created_at\":1700000000", "\"container_disk_bytes\":10737418240")
        .contains("\"guest_disk_bytes\":0", "\"size_bytes\":4096", "\"name\":\"one\"");
    assertThat(request("GET", path, "")).contains("{\"snapshots\":[{");
    assertThat(request("POST", path + "/one/restore", "")).startsWith("HTTP/1.1 204 ");
    assertThat(request("GET", path + "/two", ""))
        .startsWith("HTTP/1.1 404 ")
        .contains("snapshot not found: two");
    assertThat(request("POST", path, "{}")).startsWith("HTTP/1.1 400 ");
    assertThat(request("POST", path, "{\"name\":\"one\"}")).startsWith("HTTP/1.1 409 ");
    assertThat(request("GET", "/v1/config", ""))
        .contains("\"snapshots_enabled\":true", "\"clone_enabled\":true")
        .contains("\"export_enabled\":true", "\"import_enabled\":true");
  }

  @Test
  void clonesAndArchivesGoThroughTheClient() throws Exception {
    Box box = running();
    assertThat(box.cloneBox(Optional.of("twin")).info().name()).contains("twin");
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    box.export(archive);
    assertThat(archive.size()).isPositive();
    Box imported =
        client.importBox(new ByteArrayInputStream(archive.toByteArray()), Optional.of("moved"));
    assertThat(imported.info().name()).contains("moved");
  }
}
