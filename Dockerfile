# ccstate, with its locked dependencies and git, as a user without rights.
#
#     docker build --tag ccstate .
#     docker run --rm --volume "$PWD:/project" ccstate plan
#
# The base image is named by its tag; who builds for production pins its digest:
#     docker build --build-arg BASE=python:3.11-slim-bookworm@sha256:… .
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE} AS build
WORKDIR /source
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m venv /opt/ccstate \
 && /opt/ccstate/bin/pip install --quiet --no-cache-dir --no-deps --require-hashes --requirement requirements.lock
COPY src src
RUN /opt/ccstate/bin/pip install --quiet --no-cache-dir --no-deps --no-build-isolation .

FROM ${BASE}
# Which git there is decides the base image, by its digest.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/ccstate /opt/ccstate
ENV PATH=/opt/ccstate/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
WORKDIR /project
ENTRYPOINT ["ccstate"]
