"""The operations of Glue that this service answers in moto's place."""

from local.aws.operations import Operations
from local.aws.services.glue.backend import LocalGlue

OPERATIONS: Operations[LocalGlue] = {
    "create_crawler": lambda b, p: b.new_crawler(p),
    "update_crawler": lambda b, p: b.change_crawler(p),
    "delete_crawler": lambda b, p: b.remove_crawler(p),
    "get_crawler": lambda b, p: b.describe_crawler(p),
    "get_crawlers": lambda b, p: b.describe_crawlers(p),
    "batch_get_crawlers": lambda b, p: b.describe_named_crawlers(p),
    "list_crawlers": lambda b, p: b.name_crawlers(p),
    "start_crawler": lambda b, p: b.launch_crawler(p),
    "stop_crawler": lambda b, p: b.halt_crawler(p),
    "list_crawls": lambda b, p: b.history(p),
    "get_crawler_metrics": lambda b, p: b.metrics(p),
}
