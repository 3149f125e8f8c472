#!/bin/sh
# Makes an OCI archive of Debian's busybox and of this host's curl, Python and Node, with all that they load.
# Usage: clients-image.sh WORK-DIRECTORY ARCHIVE
set -eu
work=$1
archive=$2
root=$work/root
mkdir -p "$root/bin" "$root/usr/bin" "$root/usr/lib" "$root/tmp" "$root/root"
cp "$(command -v busybox)" "$root/bin/busybox"
"$root/bin/busybox" --list | while read -r applet; do
  [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
cp -L /usr/bin/curl /usr/bin/node /usr/bin/python3 "$root/usr/bin/"
mkdir -p "$root/usr/local/bin"
ln -s /usr/bin/python3 "$root/usr/local/bin/python" # where official images have it
python=$(/usr/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
tar -C / --exclude=__pycache__ --exclude=test --exclude='config-*' -cf - "${python#/}" | tar -C "$root" -xf -
ldd /usr/bin/curl /usr/bin/node /usr/bin/python3 "$python"/lib-dynload/*.so | grep -o '/[^ ]*\.so[^ ]*' | grep -v : | sort -u |
  while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
tar --numeric-owner --owner=0 --group=0 --sort=name -C "$root" -cf "$work/layer.tar" .
umoci init --layout "$work/layout"
umoci new --image "$work/layout:clients"
umoci config --image "$work/layout:clients" --config.cmd sh --config.env PATH=/usr/bin:/bin
umoci raw add-layer --image "$work/layout:clients" "$work/layer.tar"
umoci gc --layout "$work/layout"
skopeo copy -q --insecure-policy "oci:$work/layout:clients" "oci-archive:$archive:clients:1"
