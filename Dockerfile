# facepool on CPUs. Weights are not in the image: the first start fetches them into the volume /data, or finds them in /shared/models.
#
#   docker build -t facepool .
#   docker run --rm -v facepool:/data facepool keys create --name me --scope infer        prints an API key, once
#   docker run --rm -p 8080:8080 -v facepool:/data facepool
#   curl -H "Authorization: Bearer $KEY" -F file=@photo.jpg localhost:8080/detect
#
# Inside the container the server listens on 0.0.0.0, so it does not start without a key. To try it on this machine alone, without one:
#   docker run --rm -p 127.0.0.1:8080:8080 -e FACEPOOL_AUTH_MODE=disabled -v facepool:/data facepool
# A Host header other than localhost needs FACEPOOL_HTTP_ALLOWED_HOSTS.

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
ENV ONNXRUNTIME_NODE_INSTALL=skip
# The image brings Node, and onnxruntime carries the libraries of systems that are not this one.
RUN npm ci --omit=dev --include=optional \
 && rm -rf node_modules/node-linux-* node_modules/.bin/node \
    node_modules/onnxruntime-node/bin/napi-v6/darwin node_modules/onnxruntime-node/bin/napi-v6/win32

FROM node:24-bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o node -g node -m 0700 /data
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json package-lock.json LICENSE ./
COPY bin bin
COPY scripts scripts
COPY config config
COPY models models
COPY src src
COPY workers workers
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/app/.cache/node-compile \
    FACEPOOL_DATA_DIR=/data \
    FACEPOOL_HTTP_HOST=0.0.0.0
# Loads the command line and the server once, so that their compiled code is in the image.
RUN node bin/facepool.mjs version && node --input-type=module -e "await import('/app/src/main.ts')"
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.FACEPOOL_HTTP_PORT ?? 8080}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# The server has 30 s (workers.stop_wait_ms) to end its work: stop it with `docker stop -t 40`.
STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "--", "node", "bin/facepool.mjs"]
CMD ["start"]
