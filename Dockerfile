# The image of every role: `docker run papo broker`, `proxy`, `server`, `up`, `chat`. Needs BuildKit, the
# default of Docker since version 23.

# The image has the C++ compiler and make, with which the build compiles libzmq and libsodium. The client of
# etcd needs protoc.
FROM rust:1.95-trixie AS builder
RUN apt-get update && apt-get install -y --no-install-recommends protobuf-compiler && rm -rf /var/lib/apt/lists/*
WORKDIR /papo
COPY . .
# The sources and builds of packages stay in the builder's cache. Our own crates are always built: Cargo
# compares the times of files, and the files of another checkout may be older than the cache and still differ.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/papo/target \
    find . -name "*.rs" -exec touch {} + \
 && cargo build --profile dist --locked --package papo \
 && install -D target/dist/papo /out/papo

FROM debian:trixie-slim
# The gateway checks the certificate of the authority that it orders certificates from.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
# A new volume takes its owner from the folder that it is mounted on, so `docker run -v papo:/data papo
# server` needs no preparation. There is no VOLUME line, because broker, proxy and clients store nothing
# there.
RUN useradd --uid 1000 --user-group --create-home --shell /usr/sbin/nologin papo \
 && install -d -m 0700 -o papo -g papo /data /home/papo/.config /home/papo/.config/papo
COPY --from=builder /out/papo /usr/local/bin/papo
USER 1000:1000
WORKDIR /home/papo
ENV PAPO_DATA=/data
EXPOSE 5555 5558 8080
# papo handles SIGTERM itself and starts no processes, so it needs no init.
ENTRYPOINT ["papo"]
CMD ["--help"]
