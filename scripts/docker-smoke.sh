#!/usr/bin/env bash
# Builds the image, starts it, and tries what its users do: produce and consume through the published port, settings by
# KAFKA_* variables, a restart and a new container on the same volume, a clean stop.
#
#   scripts/docker-smoke.sh                    base image pulled
#   BASE_IMAGE=local scripts/docker-smoke.sh   base image made of this machine's Node (see scripts/docker/local-base.sh)
#   KEEP_IMAGE=1                               leaves the image, to be put through the compatibility suite
set -euo pipefail
cd "$(dirname "$0")/.."
image=${IMAGE:-odradek:smoke}
container=odradek-smoke-$$
volume=$container

docker info > /dev/null || { echo 'no Docker engine can be reached' >&2; exit 1; }
clean_up() {
  docker rm -f "$container" > /dev/null 2>&1 || true
  docker volume rm "$volume" > /dev/null 2>&1 || true
  [ -n "${KEEP_IMAGE:-}" ] || docker rmi "$image" > /dev/null 2>&1 || true
}
trap clean_up EXIT

build=()
if [ "${BASE_IMAGE:-}" = local ]; then
  build+=(--build-arg "BASE_IMAGE=$(scripts/docker/local-base.sh)")
elif [ -n "${BASE_IMAGE:-}" ]; then
  build+=(--build-arg "BASE_IMAGE=$BASE_IMAGE")
fi
docker build --network host "${build[@]}" -t "$image" .
echo "built $image: $(($(docker inspect -f '{{.Size}}' "$image") / 1000000)) MB, user $(docker inspect -f '{{.Config.User}}' "$image")"

fail() {
  echo "FAILED: $*" >&2
  docker logs "$container" >&2 || true
  exit 1
}
same() { [ "$2" = "$3" ] || fail "$1: $2, not $3"; }
# The port as the README says; another one where 9092 is taken, of which clients must then be told.
port=${PORT:-9092}
start() {
  docker run -d --name "$container" -v "$volume:/var/lib/odradek" -p "127.0.0.1:$port:9092" \
    -e KAFKA_NUM_PARTITIONS=3 -e "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://localhost:$port" "$image" > /dev/null
}
round_trip() { npx --no-install jiti scripts/docker/round-trip.ts "localhost:$port" smoke "$@"; }
stop() {
  docker stop "$container" > /dev/null
  same 'exit code of a clean stop' "$(docker inspect -f '{{.State.ExitCode}}' "$container")" 0
}

# As in the README: no option at all.
docker run -d --name "$container" -p "127.0.0.1:$port:9092" "$image" > /dev/null
until docker logs "$container" 2>&1 | grep -q 'is ready'; do sleep 0.1; done
if [ "$port" = 9092 ]; then same 'partitions by default' "$(round_trip 100 100)" 1; fi
stop
docker rm -v "$container" > /dev/null

start
same 'partitions by KAFKA_NUM_PARTITIONS' "$(round_trip 1000 1000)" 3 || fail 'first round trip'
docker restart "$container" > /dev/null
round_trip 1000 2000 > /dev/null || fail 'after a restart'
stop
docker rm "$container" > /dev/null
start
round_trip 0 2000 > /dev/null || fail 'a new container on the same volume'
stop
docker logs "$container"
echo 'the image works'
