#!/bin/sh
# fidelity-layers.sh DIRECTORY TREE COUNT: makes 30 layers 01.tar ... in DIRECTORY, as root, with
# GNU tar. TREE is the program of src/test/go, COUNT the number of small files.
set -eu
umask 022
out=$1 tree=$2 count=$3
mkdir -p "$out"

work=
begin() { # begin NUMBER: an empty directory for the files of a layer
  work=$out/$1
  mkdir "$work"
  cd "$work"
}

pack() { # pack NUMBER [PATH...]: the paths alone, or everything
  tar_file=$out/$1.tar
  shift
  if [ $# -eq 0 ]; then
    set -- .
  else
    set -- --no-recursion "$@"
  fi
  tar -cf "$tar_file" -C "$work" --format=posix --pax-option=delete=atime,delete=ctime \
    --numeric-owner --sort=name --xattrs --xattrs-include='*' --sparse "$@"
  cd "$out"
  rm -rf "$work"
}

# Everything that a file can be.
begin 01
mkdir -p usr/bin usr/lib etc dev proc sys tmp root names kinds times shared/deep gone/too hidden
cp /bin/busybox usr/bin/busybox
cp "$tree" usr/bin/tree
ln -s usr/bin bin
ln -s /usr/lib lib
printf 'root:x:0:0::/root:/bin/sh\n' > etc/passwd
printf '127.0.0.1 localhost\n' > etc/hosts
printf 'image\n' > etc/hostname
printf '# none\n' > etc/resolv.conf
chmod 1777 tmp
chmod 0700 root
printf 'x' > 'names/grün und Ελλάδα 日本'
printf 'x' > "names/new
line"
printf 'x' > "names/$(printf 'latin-\374-\377')"
printf 'x' > 'names/ leading and trailing '
printf 'x' > 'names/back\slash"quote'
printf 'x' > "names/$(head -c 255 /dev/zero | tr '\0' n)"
ln -s "$(head -c 300 /dev/zero | tr '\0' t)" names/long-target
long=names
for i in 1 2 3 4 5 6 7 8; do
  long=$long/$(head -c 200 /dev/zero | tr '\0' "$i")
done
mkdir -p "$long"
printf 'deep' > "$long/file"
printf '' > kinds/empty
printf 'setuid' > kinds/setuid
chown 1000:1001 kinds/setuid
chmod 6751 kinds/setuid
printf 'nobody' > kinds/nobody
chown 65534:65534 kinds/nobody
printf 'large owner' > kinds/large-owner
chown 3000000:4000000000 kinds/large-owner
chmod 0000 kinds/nobody
mkdir kinds/sticky
chown 12:34 kinds/sticky
chmod 3770 kinds/sticky
mknod kinds/null c 1 3
mknod kinds/loop b 7 300
mkfifo -m 0620 kinds/fifo
printf 'linked' > kinds/first
ln kinds/first kinds/second
ln kinds/first names/third
ln -s /nowhere/at/all kinds/dangling
ln -s ../../../../etc/passwd kinds/upwards
chown -h 77:78 kinds/dangling
truncate -s 40M kinds/sparse
printf 'middle' | dd of=kinds/sparse bs=1 seek=20000000 conv=notrunc status=none
head -c 5000000 /dev/zero | tr '\0' 'z' > kinds/plain
"$tree" xattr user.comment 'with = and ü' kinds/plain
"$tree" xattr user.large "$(head -c 3000 /dev/zero | tr '\0' v)" kinds/setuid
"$tree" xattr security.capability '\1\0\0\2\0 \0\0\0\0\0\0\0\0\0\0\0\0\0\0' kinds/plain
"$tree" xattr user.of.directory yes kinds/sticky
printf 'x' > times/nanoseconds
touch -d '2020-02-02 02:02:02.123456789 UTC' times/nanoseconds
printf 'x' > times/before-1970
touch -d '1955-11-05 06:00:00.25 UTC' times/before-1970
printf 'x' > times/after-2106
touch -d '2222-02-22 22:22:22 UTC' times/after-2106
printf 'x' > times/epoch
touch -d @0 times/epoch
chmod 0711 shared shared/deep
chown 21:22 shared shared/deep
"$tree" xattr user.kept 'by all layers' shared
printf 'old' > shared/deep/file
printf 'old' > shared/replaced
printf 'x' > gone/too/file
printf 'x' > hidden/one
printf 'x' > hidden/two
printf 'x' > usr/lib/through-link
printf 'x' > usr/lib/linked-later
touch -h -d '2001-01-01 01:01:01.5 UTC' kinds/dangling shared shared/deep usr usr/bin usr/lib gone
pack 01

# Parents left out; through links of the layer below; whiteouts, also through those links.
begin 02
mkdir -p shared/deep bin lib gone usr
printf 'new' > shared/deep/file
printf 'added' > shared/deep/added
printf 'added' > bin/added
printf '' > lib/.wh.through-link
printf '' > gone/.wh.too
pack 02 shared/deep/file shared/deep/added bin/added lib/.wh.through-link gone/.wh.too

# An opaque directory, a file in place of a directory, a directory in place of a file.
begin 03
mkdir -p hidden shared/replaced
printf '' > hidden/.wh..wh..opq
printf 'three' > hidden/three
printf 'inside' > shared/replaced/inside
printf 'was a directory' > gone
pack 03

"$tree" many "$count" > "$out/04.tar"

# Deleted and made again; a name that is nowhere deleted; a directory of this layer alone with a
# whiteout in it.
begin 05
mkdir -p hidden fresh
printf '' > .wh.hidden
printf '' > .wh.nowhere
printf 'again' > hidden/four
printf '' > fresh/.wh.nothing
printf 'x' > fresh/file
chmod 0751 .
chown 5:6 .
pack 05

for layer in $(seq 6 30); do
  number=$(printf '%02d' "$layer")
  before=$(printf '%02d' $((layer - 1)))
  begin "$number"
  mkdir -p "opt/layer-$number" shared/deep
  printf '%s' "$number" > "opt/layer-$number/file"
  printf '%s' "$number" > shared/deep/file
  printf '' > "opt/.wh.layer-$before"
  pack "$number" opt "opt/layer-$number" "opt/layer-$number/file" shared/deep/file \
    "opt/.wh.layer-$before"
done
