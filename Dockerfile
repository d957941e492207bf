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
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.RESOUND_PORT || 8080}/up`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/bin/resound.js"]
CMD ["start"]
