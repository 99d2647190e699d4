#!/bin/sh
# Fetches the data of DCASE 2020 Task 2 from Zenodo and unpacks it to
# ROOT/MACHINE/{train,test}. What was interrupted is resumed by the same command;
# what is complete is not fetched again, nor asked for.
set -eu

usage() {
  cat <<'TEXT'
usage: sh download-dcase2020.sh ROOT [--machine NAME]... [--set dev|eval]...
                                [--base-url URL]
  --machine   fan, pump, slider, valve, ToyCar or ToyConveyor (default: all)
  --set       dev: the development set (default); eval: the evaluation set with
              its training clips. They are of other machine ids, so that both
              fit in one ROOT. Test clips of eval carry no label.
  --base-url  a mirror with Zenodo's paths (default: https://zenodo.org)
TEXT
}

die() {
  echo "download-dcase2020.sh: $*" >&2
  exit 1
}

wrong_usage() {
  echo "download-dcase2020.sh: $*; see --help" >&2
  exit 2
}

root=
machines=
sets=
base=https://zenodo.org
while [ $# -gt 0 ]; do
  case $1 in
    --help) usage; exit ;;
    --machine | --set | --base-url)
      [ $# -gt 1 ] || wrong_usage "$1 needs a value"
      case $1=$2 in
        --machine=fan | --machine=pump | --machine=slider | --machine=valve | \
          --machine=ToyCar | --machine=ToyConveyor) machines="$machines $2" ;;
        --set=dev | --set=eval) sets="$sets $2" ;;
        --base-url=*) base=${2%/} ;;
        *) wrong_usage "$1 cannot be '$2'" ;;
      esac
      shift ;;
    -*) wrong_usage "there is no option $1" ;;
    *)
      [ -z "$root" ] || wrong_usage "one ROOT only, not also '$1'"
      root=$1 ;;
  esac
  shift
done
[ -n "$root" ] || wrong_usage 'give the folder ROOT for the data'
: "${machines:=fan pump slider valve ToyCar ToyConveyor}" "${sets:=dev}"

for program in curl md5sum flock /usr/bin/python3; do
  command -v "$program" >/dev/null ||
    die "$program is missing: run setup-debian.sh beside this script"
done

# Archives under way, and for each complete one the list of its clips.
state=$root/.download
mkdir -p "$state" || die "cannot write to $root"
exec 9>"$state/lock"
flock -n 9 || die "another download into $root is running"

# archives SET MACHINE: a line 'RECORD NAME MACHINE' for each.
archives() {
  case $1 in
    dev) echo "3678171 dev_data_$2.zip $2" ;;
    eval)
      echo "3727685 eval_data_train_$2.zip $2"
      echo "3841772 eval_data_test_$2.zip $2" ;;
  esac
}

is_complete() {
  [ -f "$state/$1.clips" ] || return
  while read -r clip; do
    [ -s "$root/$clip" ] || return
  done <"$state/$1.clips"
}

bytes() {
  stat -c %s "$1" 2>/dev/null || echo 0
}

# Size and MD5 of each file of a record, as Zenodo states them.
read_record() {
  [ ! -f "$state/$1.files" ] || return 0
  said=$(curl -fsSL --connect-timeout 30 --retry 3 -o "$state/$1.json" \
    "$base/api/records/$1" 2>&1) ||
    die "cannot read record $1 from $base: ${said##*curl: }"
  /usr/bin/python3 -c '
import json, sys
for item in json.load(sys.stdin)["files"]:
    kind, checksum = item["checksum"].split(":")
    assert kind == "md5"
    print(item["key"], int(item["size"]), checksum)' \
    <"$state/$1.json" >"$state/$1.files" 2>/dev/null || {
    rm -f "$state/$1.files"
    die "record $1 from $base is not in Zenodo's format"
  }
}

# fetch NAME URL SIZE: continues until $state/NAME.part has SIZE bytes. Gives up
# after five tries in a row that brought nothing.
fetch() {
  part=$state/$1.part
  tries=0
  [ -t 2 ] && quiet=-# || quiet=-s
  [ "$(bytes "$part")" -le "$3" ] || rm -f "$part"
  while before=$(bytes "$part"); [ "$before" -lt "$3" ]; do
    code=0
    said=$(curl -fL $quiet --connect-timeout 30 --speed-limit 1 \
      --speed-time 60 -C - -o "$part" -w '%{http_code} %{errormsg}' "$2") ||
      code=$?
    case $code,$said in
      0,*) break ;;
      # Too many requests, or trouble at the server.
      22,429* | 22,5*) ;;
      # The server cannot resume.
      33,*) rm -f "$part" ;;
      # No address, no connection, cut, timeout, TLS, empty, send, receive.
      6,* | 7,* | 18,* | 28,* | 35,* | 52,* | 55,* | 56,* | 92,*) ;;
      *) die "$2: ${said#* }" ;;
    esac
    [ "$(bytes "$part")" -le "$before" ] || tries=0
    tries=$((tries + 1))
    [ $tries -lt 5 ] || die "$2: ${said#* }; run this again to resume"
    sleep $tries
  done
}

# unpack ARCHIVE NAME MACHINE: all clips or none, then the list of them.
unpack() {
  rm -rf "$state/unpacked"
  /usr/bin/python3 - "$@" "$root" "$state" <<'PYTHON'
import os, pathlib, shutil, sys, zipfile, zlib

archive, name, machine, root, state = sys.argv[1:]
staging = pathlib.Path(state, "unpacked")
try:
    clips = []
    with zipfile.ZipFile(archive) as packed:
        for info in packed.infolist():
            path = pathlib.PurePosixPath(info.filename)
            if (path.suffix == ".wav" and path.parts[-3:-1] in
                    ((machine, "train"), (machine, "test"))):
                clips.append((info, pathlib.Path(*path.parts[-3:])))
        if not clips:
            sys.exit(f"{name} has no clips {machine}/{{train,test}}/*.wav")
        need = sum(info.file_size for info, _ in clips)
        free = shutil.disk_usage(root).free
        if need > free:
            sys.exit(f"{name} unpacks to {need >> 20} MiB, but {root} has only "
                     f"{free >> 20} MiB free")
        for info, clip in clips:
            (staging / clip).parent.mkdir(parents=True, exist_ok=True)
            with packed.open(info) as source, open(staging / clip, "wb") as out:
                shutil.copyfileobj(source, out)
    for _, clip in clips:
        target = pathlib.Path(root, clip)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(staging / clip, target)
    os.sync()
    listed = staging / "clips"
    listed.write_text("".join(f"{clip}\n" for _, clip in clips))
    os.replace(listed, pathlib.Path(state, name + ".clips"))
except (zipfile.BadZipFile, zlib.error, EOFError) as error:
    os.remove(archive)
    sys.exit(f"{name} is broken ({error}): deleted, run this again")
except OSError as error:
    sys.exit(f"cannot unpack {name}: {error}")
PYTHON
  rm -rf "$state/unpacked" "$1"
}

wanted=$state/wanted
: >"$wanted"
rm -f "$state"/*.files
most=0
need=0
for set in $sets; do
  for machine in $machines; do
    archives "$set" "$machine" >"$state/archives"
    while read -r record name machine; do
      ! is_complete "$name" || continue
      read_record "$record"
      line=$(grep "^$name " "$state/$record.files") ||
        die "record $record at $base has no $name"
      echo "$record $line $machine" >>"$wanted"
      size=${line#* }
      size=${size% *}
      need=$((need + size - $(bytes "$state/$name.part")))
      [ "$size" -le $most ] || most=$size
    done <"$state/archives"
  done
done
if [ ! -s "$wanted" ]; then
  echo "$root is complete"
  exit
fi

# Clips take at least as much as the archives, of which one at a time is kept.
need=$(((need + most) / 1048576 + 1))
free=$(($(df -Pk "$root" | awk 'NR == 2 { print $4 }') / 1024))
[ "$need" -le "$free" ] ||
  die "needs at least $need MiB, but $root has only $free MiB free"

while read -r record name size md5 machine; do
  echo "$name ($((size / 1048576)) MiB)"
  part=$state/$name.part
  fetch "$name" "$base/records/$record/files/$name?download=1" "$size"
  got=$(bytes "$part")
  [ "$got" = "$size" ] || {
    rm -f "$part"
    die "$name has $got bytes, not $size: deleted, run this again"
  }
  got=$(md5sum <"$part")
  [ "${got%% *}" = "$md5" ] || {
    rm -f "$part"
    die "$name has the MD5 sum ${got%% *}, not $md5: deleted, run this again"
  }
  unpack "$part" "$name" "$machine"
done <"$wanted"
echo "$root is complete"
