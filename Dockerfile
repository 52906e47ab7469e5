# Odradek in a container: `docker build -t odradek . && docker run -p 9092:9092 odradek`.
#
# BASE_IMAGE needs Node 20.19 or newer and nothing else, not even a shell; BUILD_IMAGE needs npm and a shell, too.
# Where no image can be pulled, scripts/docker/local-base.sh makes one of what this machine has.
ARG BASE_IMAGE=node:22-bookworm-slim
ARG BUILD_IMAGE=${BASE_IMAGE}

FROM ${BUILD_IMAGE} AS build
WORKDIR /odradek
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.ts scripts/
COPY bin bin
COPY src src
# What is left is what runs.
RUN npm run build && npm prune --omit=dev --ignore-scripts
# Made empty, to be copied: the next stage has no command that could make it.
WORKDIR /data

FROM ${BASE_IMAGE}
COPY --from=build /odradek/package.json /odradek/
COPY --from=build /odradek/node_modules /odradek/node_modules
COPY --from=build /odradek/dist /odradek/dist
# A number, so that no base needs to know the user.
COPY --from=build --chown=1000:1000 /data /var/lib/odradek
USER 1000:1000
VOLUME /var/lib/odradek
WORKDIR /var/lib/odradek

# All of these can be set anew, like every other property of Kafka's (KAFKA_LOG_RETENTION_HOURS=1). Clients are told
# `localhost` and the port unless KAFKA_ADVERTISED_LISTENERS says otherwise.
ENV NODE_ENV=production \
    KAFKA_LISTENERS=PLAINTEXT://0.0.0.0:9092 \
    KAFKA_LOG_DIRS=/var/lib/odradek/data
EXPOSE 9092
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/odradek/dist/bin/odradek.js"]
CMD []
