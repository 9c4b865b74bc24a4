/* A swarm of Phoenix Channels clients, vsn 2.0.0, on one thread over epoll. */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { CONNECTING, UPGRADING, JOINING, READY, DEAD } State;

typedef struct {
    int fd;
    State state;
    uint8_t *in;  /* an unfinished frame */
    uint32_t in_size, in_cap;
    uint8_t *out; /* what the kernel has not taken yet */
    uint32_t out_size, out_cap;
    uint64_t started_ns;
} Client;

typedef struct {
    const char *host, *path, *topic;
    int port;
    int count;        /* clients in all */
    int concurrency;  /* handshakes at a time */
    int payload_size; /* bytes of JSON */
    double heartbeat_s;
} SwarmOptions;

typedef struct {
    Client *clients;
    int ready, dead, started;
    uint64_t received;      /* broadcasts or echoes */
    uint64_t received_bytes;
    uint64_t errors;        /* frames that report an error */
    bool measuring;         /* put latencies into the histogram */
    bool timing_joins;      /* the same for the time from connect to joined */
    bool echoing;           /* count echoes, and answer each with the next */
    bool keep_echoing;
} Swarm;

extern Swarm swarm;

void swarm_open(const SwarmOptions *options);
void swarm_start_next(void);
void swarm_poll(uint64_t until_ns); /* handle what comes until then, at most 20 ms */

Client *swarm_first_ready(void);
void client_publish(Client *client); /* push "publish": one broadcast to all */
void client_echo(Client *client);    /* push "echo" */

#endif
