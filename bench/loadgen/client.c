#define _GNU_SOURCE
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"

enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };
enum { LARGEST_SENT = 70000, READ_SIZE = 1 << 20, EVENTS_AT_A_TIME = 512, LONGEST_WAIT_MS = 20 };
enum { COMPLAINTS = 3 };
static const uint64_t LIVE_AGE_NS = 250000000;

Swarm swarm;
static SwarmOptions options;
static int epoll;
static uint64_t sequence; /* of messages sent */
static char padding[LARGEST_SENT];

/* ------------------------------------------------------------ the socket */

static void watch(Client *c, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    epoll_ctl(epoll, operation, c->fd, &event);
}

static bool is_gone(const Client *c) { return c->state == DEAD || c->state == WAITING; }

/* The delays of phoenix.js. */
static void connect_later(Client *c) {
    static const uint64_t after_ms[] = {10, 50, 100, 150, 200, 250, 500, 1000, 2000};
    uint64_t ms = c->tries < 9 ? after_ms[c->tries] : 5000;
    if (c->state == CONNECTING || c->state == UPGRADING) swarm.refused++;
    c->tries++;
    c->retry_ns = now_ns() + ms * 1000000;
    c->in_size = c->out_size = 0;
    c->live = false;
    c->state = WAITING;
    swarm.waiting++;
    close(c->fd);
}

static void die(Client *c, const char *why) {
    if (is_gone(c)) return;
    if (c->state == READY) swarm.ready--;
    if (c->live) swarm.live--;
    if (options.reconnect) {
        connect_later(c);
        return;
    }
    if (swarm.dead++ < COMPLAINTS)
        fprintf(stderr, "client %ld died in state %d: %s\n", (long)(c - swarm.clients), c->state,
                why);
    c->state = DEAD;
    close(c->fd);
}

static void keep_unsent(Client *c, const uint8_t *data, size_t size) {
    if (c->out_size + size > c->out_cap) {
        c->out_cap = (uint32_t)(c->out_size + size) * 2;
        c->out = realloc(c->out, c->out_cap);
    }
    memcpy(c->out + c->out_size, data, size);
    c->out_size += (uint32_t)size;
    watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

static void send_bytes(Client *c, const void *data, size_t size) {
    ssize_t sent = 0;
    if (!c->out_size) {
        sent = send(c->fd, data, size, MSG_NOSIGNAL);
        if (sent == (ssize_t)size) return;
        if (sent < 0 && errno != EAGAIN) {
            die(c, "send failed");
            return;
        }
        if (sent < 0) sent = 0;
    }
    keep_unsent(c, (const uint8_t *)data + sent, size - (size_t)sent);
}

static void send_unsent(Client *c) {
    ssize_t sent = send(c->fd, c->out, c->out_size, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN) die(c, "send failed");
        return;
    }
    c->out_size -= (uint32_t)sent;
    memmove(c->out, c->out + sent, c->out_size);
    if (!c->out_size) watch(c, EPOLL_CTL_MOD, EPOLLIN);
}

/* The mask is 0: legal on the wire, and free to compute. */
static void send_frame(Client *c, int opcode, const char *payload, size_t size) {
    static uint8_t frame[LARGEST_SENT + 16];
    size_t head = 0;
    frame[head++] = (uint8_t)(0x80 | opcode);
    if (size < 126) {
        frame[head++] = (uint8_t)(0x80 | size);
    } else {
        frame[head++] = 0x80 | 126;
        frame[head++] = (uint8_t)(size >> 8);
        frame[head++] = (uint8_t)size;
    }
    memset(frame + head, 0, 4);
    head += 4;
    memcpy(frame + head, payload, size);
    send_bytes(c, frame, head + size);
}

/* ------------------------------------------------------------ messages sent */

/* A payload that says when it was sent, padded to the size asked for. */
static int write_payload(char *to) {
    int size = sprintf(to,
                       "{\"ts\":%llu,\"seq\":%llu,\"s\":\"ESZ6\",\"bid\":6012.25,\"ask\":6012.5,"
                       "\"bs\":41,\"as\":37,\"v\":\"",
                       (unsigned long long)wall_ns(), (unsigned long long)sequence++);
    int missing = options.payload_size - size - 2;
    if (missing < 0) missing = 0;
    memcpy(to + size, padding, (size_t)missing);
    size += missing;
    memcpy(to + size, "\"}", 2);
    return size + 2;
}

static int write_head(char *to, const char *event) {
    return sprintf(to, "[\"1\",\"%llu\",\"%s\",\"%s\",", (unsigned long long)sequence + 2,
                   options.topic, event);
}

void client_publish(Client *c) {
    static char text[LARGEST_SENT];
    int size = write_head(text, "publish");
    size += sprintf(text + size, "{\"n\":1,\"payload\":");
    size += write_payload(text + size);
    memcpy(text + size, "}]", 2);
    send_frame(c, TEXT, text, (size_t)size + 2);
}

void client_echo(Client *c) {
    static char text[LARGEST_SENT];
    int size = write_head(text, "echo");
    size += write_payload(text + size);
    text[size++] = ']';
    send_frame(c, TEXT, text, (size_t)size);
}

static void send_join(Client *c) {
    char text[2048], since[LONGEST_ID + 16];
    long number = (long)(c - swarm.clients);
    const char *params = options.join_count ? options.joins[number % options.join_count] : "{}";
    if (options.reconnect && c->id[0]) {
        snprintf(since, sizeof since, "{\"since\":\"%s\"}", c->id);
        params = since;
    }
    int size = snprintf(text, sizeof text, "[\"1\",\"1\",\"%s\",\"phx_join\",%s]", options.topic,
                        params);
    send_frame(c, TEXT, text, (size_t)size);
}

/* One client after the other, so that each sends one in every period. */
static void send_heartbeats(void) {
    static const char text[] = "[null,\"h\",\"phoenix\",\"heartbeat\",{}]";
    static uint64_t last_ns;
    static int next;
    uint64_t t = now_ns();
    if (options.heartbeat_s <= 0 || !swarm.started) return;
    if (!last_ns) last_ns = t;
    int due = (int)((double)(t - last_ns) / 1e9 * swarm.started / options.heartbeat_s);
    if (!due) return;
    last_ns = t;
    while (due--) {
        Client *c = &swarm.clients[next++ % swarm.started];
        if (c->state == READY) send_frame(c, TEXT, text, sizeof text - 1);
    }
}

/* ------------------------------------------------------------ messages received */

static bool has(const uint8_t *data, size_t size, const char *text) {
    return memmem(data, size, text, strlen(text)) != NULL;
}

static void take_join_reply(Client *c, const uint8_t *data, size_t size) {
    if (!has(data, size, "\"phx_reply\"")) return;
    if (!has(data, size, "\"status\":\"ok\"")) {
        die(c, "the join was refused");
        return;
    }
    c->state = READY;
    swarm.ready++;
    if (swarm.timing_joins) histogram_add(now_ns() - c->started_ns);
}

/* Ids of one stream end in its position, in base 36. */
static void follow_id(Client *c, const uint8_t *data, size_t size) {
    const uint8_t *id = memmem(data, size, "\"id\":\"", 6);
    const uint8_t *dash = id ? memchr(id, '-', size - (size_t)(id - data)) : NULL;
    if (!dash) return;
    const uint8_t *end = memchr(dash, '"', size - (size_t)(dash - data));
    size_t length = end ? (size_t)(end - id) - 6 : LONGEST_ID;
    if (length < LONGEST_ID) {
        memcpy(c->id, id + 6, length);
        c->id[length] = 0;
    }
    uint64_t position = strtoull((const char *)dash + 1, NULL, 36);
    if (c->position && position > c->position + 1) swarm.skipped += position - c->position - 1;
    if (c->position && position <= c->position) swarm.repeated++;
    c->position = position;
}

static void note_silence(Client *c) {
    uint64_t t = now_ns();
    if (c->last_ns && t - c->last_ns > c->silence_ns) c->silence_ns = t - c->last_ns;
    c->last_ns = t;
}

static void take_stamped(Client *c, const uint8_t *stamp, const uint8_t *data, size_t size) {
    uint64_t age_ns = wall_ns() - strtoull((const char *)stamp, NULL, 10);
    swarm.received++;
    swarm.received_bytes += size;
    if (swarm.measuring) histogram_add(age_ns);
    if (options.follow_ids) follow_id(c, data, size);
    if (options.reconnect) note_silence(c);
    if (!c->live && age_ns < LIVE_AGE_NS) {
        c->live = true;
        swarm.live++;
    }
}

static void take_message(Client *c, int opcode, const uint8_t *data, size_t size) {
    if (opcode == CLOSE) {
        die(c, "the server closed");
        return;
    }
    if (opcode == PING) send_frame(c, PONG, (const char *)data, size);
    if (opcode >= CLOSE) return;
    if (c->state == JOINING) {
        take_join_reply(c, data, size);
        return;
    }
    bool tick = has(data, size < 80 ? size : 80, "\"tick\"");
    const uint8_t *stamp = tick || swarm.echoing ? memmem(data, size, options.stamp, strlen(options.stamp)) : NULL;
    if (stamp) {
        take_stamped(c, stamp + strlen(options.stamp), data, size);
        if (swarm.echoing && swarm.keep_echoing) client_echo(c);
    } else if (has(data, size, "\"error\"") || has(data, size, "phx_error")) {
        if (swarm.errors++ < COMPLAINTS)
            fprintf(stderr, "an error: %.*s\n", (int)(size > 200 ? 200 : size), data);
    }
}

/* Returns the size of the frame at `data`, 0 if it is not whole. */
static size_t take_frame(Client *c, const uint8_t *data, size_t have) {
    if (have < 2) return 0;
    size_t head = 2, size = data[1] & 0x7f;
    if (size >= 126) {
        size_t wide = size == 126 ? 2 : 8;
        if (have < head + wide) return 0;
        size = 0;
        for (size_t i = 0; i < wide; i++) size = size << 8 | data[head + i];
        head += wide;
    }
    if (have < head + size) return 0;
    take_message(c, data[0] & 15, data + head, size);
    return head + size;
}

/* Returns the size of the response's head, 0 if it is not whole or the client has died. */
static size_t take_response(Client *c, const uint8_t *data, size_t size) {
    const uint8_t *end = memmem(data, size, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(data, "HTTP/1.1 101", 12)) {
        die(c, "the upgrade was refused");
        return 0;
    }
    c->state = JOINING;
    c->tries = 0;
    send_join(c);
    return is_gone(c) ? 0 : (size_t)(end + 4 - data);
}

static void keep_unread(Client *c, const uint8_t *data, size_t size) {
    if (size > c->in_cap) {
        c->in_cap = (uint32_t)size + 256;
        c->in = realloc(c->in, c->in_cap);
    }
    memmove(c->in, data, size);
    c->in_size = (uint32_t)size;
}

static void read_all(Client *c) {
    static uint8_t buffer[READ_SIZE + 1];
    for (;;) {
        if (c->in_size) memcpy(buffer, c->in, c->in_size);
        ssize_t got = recv(c->fd, buffer + c->in_size, READ_SIZE - c->in_size, 0);
        if (got <= 0) {
            if (got == 0 || errno != EAGAIN) die(c, "the connection was cut");
            return;
        }
        size_t have = c->in_size + (size_t)got, at = 0, step;
        bool filled = have == READ_SIZE;
        buffer[have] = 0; /* for strtoull */
        if (c->state == UPGRADING) at = take_response(c, buffer, have);
        if (c->state != UPGRADING)
            while (!is_gone(c) && (step = take_frame(c, buffer + at, have - at))) at += step;
        if (is_gone(c)) return;
        keep_unread(c, buffer + at, have - at);
        if (!filled) return;
    }
}

/* ------------------------------------------------------------ the swarm */

void swarm_open(const SwarmOptions *with) {
    options = *with;
    memset(padding, 'x', sizeof padding);
    swarm.clients = calloc((size_t)options.count, sizeof *swarm.clients);
    epoll = epoll_create1(0);
}

static void start(Client *c) {
    int one = 1;
    struct linger reset = {.l_onoff = 1}; /* close by RST, which leaves no TIME_WAIT */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) {
        perror("socket");
        exit(2);
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    inet_pton(AF_INET, options.host, &address.sin_addr);
    c->started_ns = now_ns();
    c->state = CONNECTING;
    int connected = connect(c->fd, (struct sockaddr *)&address, sizeof address);
    watch(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
    if (connected < 0 && errno != EINPROGRESS) die(c, "connect failed");
}

void swarm_start_next(void) { start(&swarm.clients[swarm.started++]); }

static void start_again(void) {
    uint64_t t = now_ns();
    for (int i = 0; i < swarm.started && swarm.waiting; i++) {
        Client *c = &swarm.clients[i];
        if (c->state != WAITING || c->retry_ns > t) continue;
        swarm.waiting--;
        swarm.reconnects++;
        start(c);
    }
}

void swarm_begin_silence(void) {
    uint64_t t = now_ns();
    for (int i = 0; i < swarm.started; i++) {
        swarm.clients[i].last_ns = t;
        swarm.clients[i].silence_ns = 0;
    }
}

void swarm_end_silence(void) {
    uint64_t t = now_ns();
    histogram_clear();
    for (int i = 0; i < swarm.started; i++) {
        Client *c = &swarm.clients[i];
        histogram_add(t - c->last_ns > c->silence_ns ? t - c->last_ns : c->silence_ns);
    }
}

static void upgrade(Client *c) {
    char request[1024];
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: Upgrade\r\n"
                        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                        options.path, options.host, options.port);
    c->state = UPGRADING;
    watch(c, EPOLL_CTL_MOD, EPOLLIN);
    send_bytes(c, request, (size_t)size);
}

static void handle(Client *c, uint32_t events) {
    if (is_gone(c)) return;
    if (c->state == CONNECTING) {
        if (events & (EPOLLERR | EPOLLHUP)) die(c, "connect failed");
        else if (events & EPOLLOUT) upgrade(c);
        return;
    }
    if (events & EPOLLOUT && c->out_size) send_unsent(c);
    if (!is_gone(c) && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_all(c);
}

void swarm_poll(uint64_t until_ns) {
    struct epoll_event events[EVENTS_AT_A_TIME];
    uint64_t t = now_ns();
    uint64_t ms = until_ns > t ? (until_ns - t) / 1000000 : 0; /* spins below 1 ms */
    if (swarm.waiting) {
        start_again();
        if (ms > 1) ms = 1;
    }
    int count = epoll_wait(epoll, events, EVENTS_AT_A_TIME,
                           ms > LONGEST_WAIT_MS ? LONGEST_WAIT_MS : (int)ms);
    for (int i = 0; i < count; i++) handle(events[i].data.ptr, events[i].events);
    send_heartbeats();
}

Client *swarm_first_ready(void) {
    for (int i = 0; i < swarm.started; i++)
        if (swarm.clients[i].state == READY) return &swarm.clients[i];
    return NULL;
}
