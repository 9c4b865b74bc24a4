/* A swarm of Phoenix Channels clients, vsn 2.0.0, on one thread over epoll. */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { CONNECTING, UPGRADING, JOINING, READY, WAITING, DEAD } State;

enum { LONGEST_ID = 64 };

typedef struct {
    int fd;
    State state;
    uint8_t *in;  /* an unfinished frame */
    uint32_t in_size, in_cap;
    uint8_t *out; /* what the kernel has not taken yet */
    uint32_t out_size, out_cap;
    uint64_t started_ns;
    uint64_t position; /* of the newest tick, where ids are followed */
    bool live;         /* has had a tick that is no older than LIVE_AGE_NS */
    char id[LONGEST_ID];  /* of the newest tick, where ids are followed */
    uint64_t last_ns;     /* when the newest tick came */
    uint64_t silence_ns;  /* the longest time between two ticks */
    uint64_t retry_ns;    /* when to connect again */
    int tries;            /* connects in vain since it was connected */
} Client;

enum { MOST_JOINS = 64 };

typedef struct {
    const char *host, *path, *topic;
    const char *stamp; /* the text before the time, in ns, at which a message was sent */
    const char *joins[MOST_JOINS]; /* join params, which the clients take in turn */
    int join_count;
    bool follow_ids; /* check that ids of one stream follow one another */
    bool reconnect;  /* connect again as phoenix.js does, and join with the last id as `since` */
    int port;
    int count;        /* clients in all */
    int concurrency;  /* handshakes at a time */
    int payload_size; /* bytes of JSON */
    double heartbeat_s;
} SwarmOptions;

typedef struct {
    Client *clients;
    int ready, dead, started, live;
    uint64_t received;      /* broadcasts or echoes */
    uint64_t received_bytes;
    uint64_t errors;        /* frames that report an error */
    uint64_t skipped, repeated; /* ids, where they are followed */
    int waiting;                /* clients that are going to connect again */
    uint64_t reconnects, refused; /* connects in all after the first, and those in vain */
    bool measuring;         /* put latencies into the histogram */
    bool timing_joins;      /* the same for the time from connect to joined */
    bool echoing;           /* count echoes, and answer each with the next */
    bool keep_echoing;
} Swarm;

extern Swarm swarm;

void swarm_open(const SwarmOptions *options);
void swarm_start_next(void);
void swarm_poll(uint64_t until_ns); /* handle what comes until then, at most 20 ms */

/* Each client's longest time without a tick between the two, into the histogram. */
void swarm_begin_silence(void);
void swarm_end_silence(void);

Client *swarm_first_ready(void);
void client_publish(Client *client); /* push "publish": one broadcast to all */
void client_echo(Client *client);    /* push "echo" */

#endif
