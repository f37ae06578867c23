"""What the tests have in common: no file of this folder is a test.

| Module | What it is |
|---|---|
| `crowd` | a table of many items in memory, to be copied under faults |
| `damage` | strategies that damage documents and requests |
| `documents` | what DynamoDB answers, as examples to be damaged |
| `emulator` | moto's server on loopback |
| `faults` | fault plans for a fake service; clocks that tick; threads whose order is known |
| `httpserver` | an HTTP server that answers by a script, to the byte |
| `laws` | how often a law is tried whose examples are dear |
| `leaks` | threads, sockets and tasks that a test leaves behind |
| `mutation` | which tests are to notice a mistake in which module |
| `proxy` | an HTTP proxy that brings troubles upon what passes through it |
| `strategies` | table specs and their parts, for Hypothesis |
| `tls` | a server that an authority vouches for |
| `trials` | copies under faults, killed and resumed, and judged |
| `troubles` | what can go wrong with a request on its way |
| `worlds` | a model, a service with tables in it, and the two drivers |
"""
