# darkroom in one image: bot, renderer, and everything in one, by subcommand.
#
#   docker build -t darkroom .
#   docker run -e DISCORD_TOKEN -v darkroom:/data darkroom up
#
# Not tested: its authors had no container engine to build this file with. Its steps are those of `make build`, which are
# tested. Base images follow their tags; pin them by digest where that matters to you.

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
# The runtime library changes less often than the sources. Fetched first, it stays in the layer cache.
COPY cmd/ort cmd/ort
COPY render/onnx/library render/onnx/library
COPY render/onnx/install render/onnx/install
COPY render/registry render/registry
COPY render/download render/download
RUN go run ./cmd/ort
COPY . .
RUN make build

FROM debian:bookworm-slim
# ONNX Runtime needs libstdc++ besides the C library, and cuDNN zlib; the certificates are for Discord and packages.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libstdc++6 zlib1g \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --create-home --home-dir /home/darkroom darkroom \
 && mkdir /data /models /runtimes \
 && chown darkroom /data /runtimes
COPY --from=build /src/bin/darkroom /opt/darkroom/darkroom
COPY --from=build /src/bin/lib /opt/darkroom/lib
RUN ln -s /opt/darkroom/darkroom /usr/local/bin/darkroom
USER darkroom
# For a GPU: the container toolkit of NVIDIA brings the driver's libraries in; utility is NVML, which doctor reads.
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility
ENV DARKROOM_DATA=/data DARKROOM_MODELS=/models DARKROOM_RUNTIMES=/runtimes ORT_DISABLE_TELEMETRY=1
VOLUME /data
STOPSIGNAL SIGTERM
ENTRYPOINT ["darkroom"]
CMD ["up"]
