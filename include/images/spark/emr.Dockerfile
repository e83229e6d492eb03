# docker build --file include/images/spark/emr.Dockerfile --tag millrace/spark:1-emr include/images
# EMR on EKS runs images that are made from its own; that brings Spark, and how it reaches S3.
FROM public.ecr.aws/emr-on-eks/spark/emr-7.9.0:latest

USER root
RUN dnf install -y python3.11 python3.11-pip && dnf clean all

COPY spark/requirements.txt /tmp/requirements.txt
RUN grep -v -E '^(pyspark|py4j)==' /tmp/requirements.txt > /tmp/beside-spark.txt \
    && python3.11 -m pip install --no-cache-dir --no-deps --requirement /tmp/beside-spark.txt \
    && rm /tmp/requirements.txt /tmp/beside-spark.txt

ENV PYSPARK_PYTHON=/usr/bin/python3.11 \
    PYSPARK_DRIVER_PYTHON=/usr/bin/python3.11 \
    PYTHONUNBUFFERED=1

# The user that EMR expects.
USER hadoop:hadoop
