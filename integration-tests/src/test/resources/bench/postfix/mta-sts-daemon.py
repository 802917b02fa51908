"""postfix-mta-sts-resolver with all policies in its cache from the start, so that it needs neither DNS nor HTTPS.

Arguments: those of mta-sts-daemon, whose configuration sets a cache_grace longer than the benchmark.
"""
import time

from postfix_mta_sts_resolver import internal_cache
from postfix_mta_sts_resolver.base_cache import CacheEntry
from postfix_mta_sts_resolver.daemon import main


class FilledCache(internal_cache.InternalLRUCache):
    def __init__(self, cache_size=10000):
        super().__init__(cache_size)
        for number in range(100):
            domain = "d%d.bench.example" % number
            self._cache[domain] = CacheEntry(time.time(), "1", {
                "version": "STSv1", "mode": "enforce", "mx": ["mx." + domain], "max_age": 604800})


internal_cache.InternalLRUCache = FilledCache
main()
