"""Where the service is."""

from local.aws.services.a2i_runtime.responses import A2IRuntimeResponse

url_bases = [r"https?://a2i-runtime\.sagemaker\.(.+)\.amazonaws\.com"]
url_paths = {
    "{0}/human-loops$": A2IRuntimeResponse.dispatch,
    "{0}/human-loops/(?P<name>[^/]+)$": A2IRuntimeResponse.dispatch,
}
