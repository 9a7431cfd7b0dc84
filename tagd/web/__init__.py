"""Pages in the browser and the HTTP API: two faces of the same use cases, in a process of its own.

server          from a socket to answers; connections: none is kept waiting for by slow clients
application     the whole as one ASGI application; site: what every answer is made from
guard           who may ask what, before anything else is looked at; throttle: guesses of passwords;
                welcome: what a browser without a key sees
problems        what went wrong, as RFC 9457 has it; answers: JSON with an ETag
positions       where a page of photos goes on, as text
contract        what there is to ask, for docs/
api/            /api/v1, for programs
pages/          HTML, for people; words: in their language
"""
