# The image of every role: `docker run papo broker`, `proxy`, `server`, `up`, `chat`. Needs BuildKit, the
# default of Docker since version 23.
#
# It builds for amd64 and arm64, the architectures of both base images:
#
#   docker buildx build --platform linux/amd64,linux/arm64 --tag papo .
#
# `docker build --target debug-lines --output . .` writes papo.debug, with the line numbers of backtraces:
# put it beside the binary, or into /usr/local/bin of a container.

# The image has the C++ compiler, make and binutils, with which the build compiles libzmq and libsodium, and
# Python for scripts/sbom. The client of etcd needs protoc.
FROM rust:1.95-trixie AS builder
RUN apt-get update && apt-get install -y --no-install-recommends \
        protobuf-compiler libprotobuf-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /papo
COPY . .
# The commit in `papo --version`: `--build-arg PAPO_COMMIT=$(git rev-parse --short=12 HEAD)`.
ARG PAPO_COMMIT
# Set by BuildKit: builds for two architectures do not share a target folder.
ARG TARGETARCH
# The sources and builds of packages stay in the builder's cache. Our own crates are always built: Cargo
# compares the times of files, and the files of another checkout may be older than the cache and still differ.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/papo/target \
    find . -name "*.rs" -exec touch {} + \
 && cargo build --profile dist --locked --package papo --target-dir "target/$TARGETARCH" \
 && install -D "target/$TARGETARCH/dist/papo" /out/bin/papo \
 && objcopy --only-keep-debug --compress-debug-sections=zlib /out/bin/papo /out/papo.debug \
 && cd /out && objcopy --strip-debug --add-gnu-debuglink=papo.debug bin/papo \
 && /papo/scripts/sbom /out/doc && cp /papo/LICENSE-* /out/doc

FROM scratch AS debug-lines
COPY --from=builder /out/papo.debug /

# An etcd server for docker-compose.cluster.yml.
FROM debian:trixie-slim AS etcd
RUN apt-get update && apt-get install -y --no-install-recommends etcd-server \
 && rm -rf /var/lib/apt/lists/* && install -d -m 0700 -o nobody -g nogroup /etcd
USER nobody
ENTRYPOINT ["etcd"]

FROM debian:trixie-slim
# The gateway checks the certificates of the servers that it connects to, such as the authority of `acme`.
COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# A new volume takes its owner from the folder that it is mounted on, so `docker run -v papo:/data papo
# server` needs no preparation. There is no VOLUME line, because broker, proxy and clients store nothing
# there.
RUN useradd --uid 1000 --user-group --create-home --shell /usr/sbin/nologin papo \
 && install -d -m 0700 -o papo -g papo /data /home/papo/.config /home/papo/.config/papo
COPY --from=builder /out/bin/papo /usr/local/bin/papo
# The licences of papo and of everything in the binary, and its bill of materials (CycloneDX).
COPY --from=builder /out/doc /usr/share/doc/papo
USER 1000:1000
WORKDIR /home/papo
ENV PAPO_DATA=/data
EXPOSE 5555 5558 8080
# papo handles SIGTERM itself and starts no processes, so it needs no init.
ENTRYPOINT ["papo"]
CMD ["--help"]
