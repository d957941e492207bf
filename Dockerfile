FROM node:22-bookworm-slim AS build
WORKDIR /resound
COPY package.json package-lock.json .npmrc ./
RUN npm install --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY bin bin
COPY channels channels
COPY src src
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /resound
# Where the app of a first start is kept; mount a volume here to keep it, or configure an app.
RUN mkdir .resound && chown node:node .resound
COPY --from=build /resound/package.json ./
COPY --from=build /resound/node_modules node_modules
COPY --from=build /resound/dist dist
USER node
EXPOSE 8080
# What is not healthy may be replaced: without its Redis, or with an app that is full, it stays (docs/health.md).
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s \
  CMD node dist/bin/resound.js health --ignore-redis --admin-url "http://127.0.0.1:${RESOUND_ADMIN_PORT:-9601}" || [ $? -eq 1 ]
ENTRYPOINT ["node", "dist/bin/resound.js"]
CMD ["start"]
