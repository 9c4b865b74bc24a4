"""News: headlines of feeds, of APIs or of a simulated newswire, into stream ``news``.

`feed` reads RSS and Atom, with `encoding` and `times`; `api`, `json_path`, `paging`, `rate_limit`
and `api_file` JSON. Both give `items`, whose `text`, with `markup` and `listings`, makes
headlines. `phrases` and `wire` make up news. All of these are pure, but for the file that
`api_file` reads. `fetch`, `readers`, `poller`, `publish`, `symbols` and `simulate` do the I/O.
"""
