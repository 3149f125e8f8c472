#!/usr/bin/env bash
# Builds the image `base` as an OCI archive: Debian's busybox-static with all its applets.
# The same busybox gives the same bytes. Needs no root.   Usage: tools/base-image.sh OUT.tar
set -euo pipefail
export LC_ALL=C TZ=UTC

[ $# -eq 1 ] || { echo "usage: $0 OUT.tar" >&2; exit 2; }
out=$1
case $(uname -m) in
  x86_64) arch=amd64 ;;
  aarch64) arch=arm64 ;;
  *) echo "$0: no base image for $(uname -m)" >&2; exit 1 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# busybox-static says so itself: a dynamic busybox would find no libraries in the box.
find_busybox() {
  if [ -x /bin/busybox ] && dpkg-query -W -f '${Status}' busybox-static 2>/dev/null |
    grep -q ' installed$'; then
    echo /bin/busybox
    return
  fi
  mkdir "$work/deb"
  (cd "$work/deb" &&
    # Without dropping to apt's own user, who may not write here.
    apt-get -qq -o APT::Sandbox::User=root download busybox-static >&2 && dpkg-deb -x ./*.deb .) ||
    { echo "$0: cannot get busybox-static; run: apt-get install busybox-static" >&2; exit 1; }
  find "$work/deb" -type f -path '*/bin/busybox'
}

sorted_tar() { # sorted_tar OUT DIRECTORY: one owner, one time, one order
  tar --create --file "$1" --directory "$2" --format=posix --sort=name --mtime=@0 \
    --owner=0 --group=0 --numeric-owner --pax-option=delete=atime,delete=ctime,delete=mtime .
}

digest() { sha256sum "$1" | cut -d' ' -f1; }

add_blob() { # add_blob FILE: moves it into the layout, prints its digest
  local hex
  hex=$(digest "$1")
  mv "$1" "$layout/blobs/sha256/$hex"
  echo "$hex"
}

busybox=$(find_busybox)
root=$work/root
mkdir -p "$root"/{bin,dev,etc,home,mnt,opt,proc,root,run,sbin,srv,sys,tmp,usr/{bin,lib,local/bin,sbin,share}} \
  "$root"/var/{cache,lib,log,spool,tmp}
install -m 0755 "$busybox" "$root/bin/busybox"
"$busybox" --list-full | while read -r applet; do
  case $applet in
    linuxrc) continue ;;
  esac
  [ "$applet" = bin/busybox ] || ln -sf /bin/busybox "$root/$applet"
done
ln -s ../run "$root/var/run"
cat >"$root/etc/passwd" <<'EOF'
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
mail:x:8:8:mail:/var/spool:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
EOF
cat >"$root/etc/group" <<'EOF'
root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
mail:x:8:
users:x:100:
www-data:x:33:
nogroup:x:65534:
EOF
printf 'root:*:::::::\nnobody:*:::::::\n' >"$root/etc/shadow"
printf 'NAME="BoxLite base"\nID=boxlite-base\nPRETTY_NAME="BoxLite base (busybox)"\n' >"$root/etc/os-release"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
chmod -R u=rwX,go=rX "$root/etc" "$root/var"
chmod 0755 "$root" "$root"/{bin,dev,etc,home,mnt,opt,proc,run,sbin,srv,sys,usr,usr/*,usr/local/bin,var}
chmod 0640 "$root/etc/shadow"
chmod 0700 "$root/root"
chmod 1777 "$root/tmp" "$root/var/tmp"

layout=$work/layout
mkdir -p "$layout/blobs/sha256"
sorted_tar "$work/layer.tar" "$root"
diff_id=$(digest "$work/layer.tar")
gzip -9n "$work/layer.tar"
layer_size=$(stat -c %s "$work/layer.tar.gz")
layer=$(add_blob "$work/layer.tar.gz")

printf '{"created":"1970-01-01T00:00:00Z","architecture":"%s","os":"linux","config":{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Cmd":["sh"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
  "$arch" "$diff_id" >"$work/config"
config_size=$(stat -c %s "$work/config")
config=$(add_blob "$work/config")

printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:%s","size":%s}]}' \
  "$config" "$config_size" "$layer" "$layer_size" >"$work/manifest"
manifest_size=$(stat -c %s "$work/manifest")
manifest=$(add_blob "$work/manifest")

printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s,"platform":{"architecture":"%s","os":"linux"},"annotations":{"org.opencontainers.image.ref.name":"base:latest"}}]}' \
  "$manifest" "$manifest_size" "$arch" >"$layout/index.json"
printf '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"

mkdir -p "$(dirname "$out")"
sorted_tar "$work/archive.tar" "$layout"
mv "$work/archive.tar" "$out.partial"
mv "$out.partial" "$out"
