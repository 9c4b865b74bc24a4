#!/bin/sh
# Runs `tickfire ARGUMENTS`. Compiled kernels are read from a folder that must be writable, as a
# processor that differs from the one that built the image compiles its own; it starts with those of
# the image.
set -eu

image=${TICKFIRE_IMAGE_CACHE:-/opt/tickfire/kernels}
if [ -d "$image" ] && [ ! -e "$TICKFIRE_CACHE/kernels" ]; then
    mkdir -p "$TICKFIRE_CACHE"
    cp -R --preserve=timestamps "$image/." "$TICKFIRE_CACHE/"
fi
exec tickfire "$@"
