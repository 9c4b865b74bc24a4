/* A load generator for Phoenix Channels servers, vsn 2.0.0. README.md says how to use it. */
#define _GNU_SOURCE
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "client.h"
#include "measure.h"

enum { CONNECT_LIMIT_S = 180, WARM_UP_MS = 1000, DRAIN_S = 5, RETURN_S = 30, MOST_SENT_AT_ONCE = 64 };

static SwarmOptions options = {
    .host = "127.0.0.1",
    .path = "/socket/websocket?vsn=2.0.0",
    .topic = "market:bench",
    .stamp = "\"ts\":",
    .port = 4000,
    .count = 100,
    .concurrency = 100,
    .payload_size = 150,
    .heartbeat_s = 25,
};
static long pid;
static uint64_t window = 10;
static uint64_t connecting_ns; /* the time at which the first client began to connect */
static double cpu_at_start;
static volatile sig_atomic_t stopped;

static void stop(int signal) {
    (void)signal;
    stopped = 1;
}

static uint64_t after_s(double s) { return now_ns() + (uint64_t)(s * 1e9); }

static void poll_for_s(double s) {
    for (uint64_t end = after_s(s); now_ns() < end && !stopped;) swarm_poll(end);
}

/* ------------------------------------------------------------ connect and join, and stay idle */

static int connect_all(void) {
    long rss_before = process_rss_kb(pid);
    double cpu = cpu_at_start = process_cpu_s(pid);
    uint64_t start = connecting_ns = now_ns(), limit = after_s(CONNECT_LIMIT_S);
    swarm.timing_joins = true;
    while (swarm.ready + swarm.dead < options.count && now_ns() < limit) {
        while (swarm.started < options.count &&
               swarm.started - swarm.ready - swarm.dead < options.concurrency)
            swarm_start_next();
        swarm_poll(now_ns() + 5000000);
    }
    swarm.timing_joins = false;
    double seconds = (double)(now_ns() - start) / 1e9;
    cpu = process_cpu_s(pid) - cpu;
    printf("{\"phase\":\"connect\",\"n\":%d,\"ready\":%d,\"dead\":%d,\"per_s\":%.0f,"
           "\"seconds\":%.2f,\"server_cpu_us\":%.1f,\"p50_us\":%.0f,\"p99_us\":%.0f,"
           "\"rss_kb_before\":%ld,"
           "\"rss_kb\":%ld}\n",
           options.count, swarm.ready, swarm.dead, swarm.ready / seconds, seconds,
           swarm.ready ? cpu / swarm.ready * 1e6 : 0, histogram_quantile_us(.5),
           histogram_quantile_us(.99), rss_before, process_rss_kb(pid));
    return swarm.dead;
}

static void idle(double seconds, long rss_before) {
    double cpu = process_cpu_s(pid);
    poll_for_s(seconds);
    long rss = process_rss_kb(pid);
    printf("{\"phase\":\"idle\",\"n\":%d,\"seconds\":%.1f,\"rss_kb\":%ld,"
           "\"rss_kb_per_connection\":%.2f,\"server_cpu_pct\":%.2f}\n",
           swarm.ready, seconds, rss, (double)(rss - rss_before) / (swarm.ready ? swarm.ready : 1),
           (process_cpu_s(pid) - cpu) / seconds * 100);
}

/* ------------------------------------------------------------ phases under load */

typedef struct {
    uint64_t start_ns, received, bytes;
    double server_cpu_s, own_cpu_s;
} Mark;

static Mark mark(void) {
    return (Mark){now_ns(), swarm.received, swarm.received_bytes, process_cpu_s(pid), own_cpu_s()};
}

static void report(const char *phase, Mark from, uint64_t missing) {
    double seconds = (double)(now_ns() - from.start_ns) / 1e9;
    uint64_t received = swarm.received - from.received;
    double cpu = process_cpu_s(pid) - from.server_cpu_s;
    printf("{\"phase\":\"%s\",\"n\":%d,\"seconds\":%.2f,\"delivered\":%llu,"
           "\"delivered_per_s\":%.0f,\"p50_us\":%.0f,\"p90_us\":%.0f,\"p99_us\":%.0f,"
           "\"max_us\":%.0f,\"mean_us\":%.0f,\"server_cpu_us\":%.3f,\"server_cpu_pct\":%.1f,"
           "\"generator_cpu_pct\":%.1f,\"missing\":%llu,\"errors\":%llu,\"bytes_each\":%.0f}\n",
           phase, swarm.ready, seconds, (unsigned long long)received, (double)received / seconds,
           histogram_quantile_us(.5), histogram_quantile_us(.9), histogram_quantile_us(.99),
           histogram_max_us(), histogram_mean_us(), received ? cpu / (double)received * 1e6 : 0,
           cpu / seconds * 100, (own_cpu_s() - from.own_cpu_s) / seconds * 100,
           (unsigned long long)missing, (unsigned long long)swarm.errors,
           received ? (double)(swarm.received_bytes - from.bytes) / (double)received : 0);
}

/* Waits for what is under way; returns what never came. */
static uint64_t drain(uint64_t wanted) {
    for (uint64_t end = after_s(DRAIN_S); swarm.received < wanted && now_ns() < end;)
        swarm_poll(now_ns() + 1000000);
    return swarm.received < wanted ? wanted - swarm.received : 0;
}

typedef struct {
    uint64_t sent, next_ns;
    double gap_ns; /* 0: as fast as the window of undelivered broadcasts allows */
    uint64_t received_before;
} Publishing;

static bool may_publish(const Publishing *p) {
    if (p->gap_ns > 0) return p->next_ns <= now_ns();
    uint64_t delivered = (swarm.received - p->received_before) / (uint64_t)swarm.ready;
    return p->sent < delivered + window;
}

static void publish_until(Publishing *p, uint64_t end_ns) {
    Client *publisher = swarm_first_ready();
    while (now_ns() < end_ns) {
        for (int i = 0; i < MOST_SENT_AT_ONCE && may_publish(p); i++) {
            client_publish(publisher);
            p->sent++;
            p->next_ns += (uint64_t)p->gap_ns;
        }
        bool paced = p->gap_ns > 0 && p->next_ns < end_ns;
        swarm_poll(paced ? p->next_ns : now_ns() + 1000000);
    }
}

static void fan_out(const char *phase, double per_s, double seconds) {
    Publishing p = {.next_ns = now_ns(),
                    .gap_ns = per_s > 0 ? 1e9 / per_s : 0,
                    .received_before = swarm.received};
    publish_until(&p, now_ns() + WARM_UP_MS * 1000000ull);
    histogram_clear();
    swarm.measuring = true;
    Mark from = mark();
    publish_until(&p, after_s(seconds));
    swarm.measuring = false;
    report(phase, from, 0);
    uint64_t missing = drain(p.received_before + p.sent * (uint64_t)swarm.ready);
    if (missing) fprintf(stderr, "%llu deliveries are missing\n", (unsigned long long)missing);
}

static void echo(int in_flight, double seconds) {
    char phase[32];
    snprintf(phase, sizeof phase, "echo%d", in_flight);
    swarm.echoing = swarm.keep_echoing = true;
    for (int i = 0; i < swarm.started; i++)
        for (int k = 0; k < in_flight && swarm.clients[i].state == READY; k++)
            client_echo(&swarm.clients[i]);
    poll_for_s(WARM_UP_MS / 1e3);
    histogram_clear();
    swarm.measuring = true;
    Mark from = mark();
    poll_for_s(seconds);
    report(phase, from, 0);
    swarm.measuring = swarm.keep_echoing = false;
    poll_for_s(0.5);
    swarm.echoing = false;
}

/* ------------------------------------------------------------ messages that come from elsewhere */

static void watch(double seconds) {
    histogram_clear();
    swarm.measuring = true;
    Mark from = mark();
    poll_for_s(seconds);
    swarm.measuring = false;
    report("watch", from, 0);
}

/* Until all clients are live, which were behind when they joined. */
static void catch_up(double seconds) {
    uint64_t end = after_s(seconds);
    while (swarm.live < swarm.ready && now_ns() < end) swarm_poll(now_ns() + 1000000);
    double passed = (double)(now_ns() - connecting_ns) / 1e9;
    printf("{\"phase\":\"live\",\"n\":%d,\"live\":%d,\"seconds\":%.2f,\"delivered\":%llu,"
           "\"bytes\":%llu,\"bytes_per_s\":%.0f,\"skipped\":%llu,\"repeated\":%llu,\"errors\":%llu,"
           "\"server_cpu_s\":%.2f,\"rss_kb\":%ld}\n",
           swarm.ready, swarm.live, passed, (unsigned long long)swarm.received,
           (unsigned long long)swarm.received_bytes, (double)swarm.received_bytes / passed,
           (unsigned long long)swarm.skipped, (unsigned long long)swarm.repeated,
           (unsigned long long)swarm.errors, process_cpu_s(pid) - cpu_at_start, process_rss_kb(pid));
}

/* Through restarts of the server, after which clients connect again, if --reconnect is given. */
static void survive(double seconds) {
    swarm_begin_silence();
    Mark from = mark();
    poll_for_s(seconds);
    for (uint64_t end = after_s(RETURN_S); swarm.ready < options.count && now_ns() < end;)
        swarm_poll(now_ns() + 1000000);
    double passed = (double)(now_ns() - from.start_ns) / 1e9;
    swarm_end_silence();
    printf("{\"phase\":\"survive\",\"n\":%d,\"ready\":%d,\"seconds\":%.2f,\"delivered\":%llu,"
           "\"reconnects\":%llu,\"refused\":%llu,\"skipped\":%llu,\"repeated\":%llu,"
           "\"errors\":%llu,\"silence_p50_us\":%.0f,\"silence_p99_us\":%.0f,"
           "\"silence_max_us\":%.0f}\n",
           options.count, swarm.ready, passed,
           (unsigned long long)(swarm.received - from.received),
           (unsigned long long)swarm.reconnects, (unsigned long long)swarm.refused,
           (unsigned long long)swarm.skipped, (unsigned long long)swarm.repeated,
           (unsigned long long)swarm.errors, histogram_quantile_us(.5), histogram_quantile_us(.99),
           histogram_max_us());
}

/* ------------------------------------------------------------ the command line */

static const char USAGE[] =
    "usage: loadgen --port P [--host H] [--path PATH] [--topic T] [--n CLIENTS] [--pid SERVER]\n"
    "               [--payload BYTES] [--concurrency HANDSHAKES] [--window BROADCASTS]\n"
    "               [--heartbeat S] [--join PARAMS ...] [--stamp TEXT] [--follow-ids]\n"
    "               [--reconnect] [PHASE ...]\n"
    "phases: idle:SECONDS  saturate:SECONDS  rate:BROADCASTS_PER_S:SECONDS  echo:IN_FLIGHT:SECONDS\n"
    "        watch:SECONDS  live:SECONDS  survive:SECONDS\n";

static void run_phase(const char *text, long rss_before) {
    double a = 0, b = 0;
    if (sscanf(text, "idle:%lf", &a) == 1) idle(a, rss_before);
    else if (sscanf(text, "saturate:%lf", &a) == 1) fan_out("saturate", 0, a);
    else if (sscanf(text, "rate:%lf:%lf", &a, &b) == 2) fan_out("rate", a, b);
    else if (sscanf(text, "echo:%lf:%lf", &a, &b) == 2) echo((int)a, b);
    else if (sscanf(text, "watch:%lf", &a) == 1) watch(a);
    else if (sscanf(text, "live:%lf", &a) == 1) catch_up(a);
    else if (sscanf(text, "survive:%lf", &a) == 1) survive(a);
    else {
        fprintf(stderr, "unknown phase: %s\n%s", text, USAGE);
        exit(2);
    }
}

static int parse(int argc, char **argv) {
    static const struct option names[] = {
        {"host", 1, 0, 'h'},    {"port", 1, 0, 'p'},        {"path", 1, 0, 'P'},
        {"topic", 1, 0, 't'},   {"n", 1, 0, 'n'},           {"pid", 1, 0, 'i'},
        {"payload", 1, 0, 'l'}, {"concurrency", 1, 0, 'c'}, {"window", 1, 0, 'w'},
        {"heartbeat", 1, 0, 'b'}, {"join", 1, 0, 'j'},      {"stamp", 1, 0, 's'},
        {"follow-ids", 0, 0, 'f'}, {"reconnect", 0, 0, 'r'}, {0, 0, 0, 0},
    };
    for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;) switch (name) {
            case 'h': options.host = optarg; break;
            case 'p': options.port = atoi(optarg); break;
            case 'P': options.path = optarg; break;
            case 't': options.topic = optarg; break;
            case 'n': options.count = atoi(optarg); break;
            case 'i': pid = atol(optarg); break;
            case 'l': options.payload_size = atoi(optarg); break;
            case 'c': options.concurrency = atoi(optarg); break;
            case 'w': window = (uint64_t)atol(optarg); break;
            case 'b': options.heartbeat_s = atof(optarg); break;
            case 'j':
                if (options.join_count < MOST_JOINS) options.joins[options.join_count++] = optarg;
                break;
            case 's': options.stamp = optarg; break;
            case 'f': options.follow_ids = true; break;
            case 'r': options.reconnect = options.follow_ids = true; break;
            default: fputs(USAGE, stderr); exit(2);
        }
    return optind;
}

int main(int argc, char **argv) {
    int first_phase = parse(argc, argv);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, stop);
    setvbuf(stdout, NULL, _IOLBF, 0);
    swarm_open(&options);
    long rss_before = process_rss_kb(pid);
    int dead = connect_all();
    for (int i = first_phase; i < argc && swarm.ready; i++) run_phase(argv[i], rss_before);
    return dead || !swarm.ready ? 1 : 0;
}
