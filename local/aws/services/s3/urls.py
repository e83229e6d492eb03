"""moto's paths of S3, answered by :class:`LocalS3Response`."""

from moto.s3 import urls as moto_urls

from local.aws.services.s3.responses import LocalS3Response

url_bases = moto_urls.url_bases
url_paths = {
    # A key may hold line breaks, which a plain dot does not match.
    path.replace(">.+", r">[^\x00]+"): getattr(LocalS3Response, handler.__name__)
    for path, handler in moto_urls.url_paths.items()
}
