// A raw load generator: what ready-made clients cannot do (many connections, one record per request,
// batches compressed beforehand), with next to no work of its own. `load COMMAND -broker HOST:PORT ...`
// prints one line of JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"syscall"
	"time"
)

var commands = map[string]func(args []string) (map[string]any, error){
	"produce": produceCommand,
	"fetch":   fetchCommand,
	"tail":    tailCommand,
	"idle":    idleCommand,
	"topics":  topicsCommand,
	"group":   groupCommand,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: load produce|fetch|tail|idle|topics|group -broker HOST:PORT ...")
		os.Exit(2)
	}
	result, err := commands[os.Args[1]](os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
	result["cpuSeconds"] = cpuSeconds()
	line, err := json.Marshal(result)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}

// addLatencies writes percentiles of what took these times, in milliseconds.
func addLatencies(result map[string]any, latencies []time.Duration) {
	if len(latencies) == 0 {
		return
	}
	sort.Slice(latencies, func(a, b int) bool { return latencies[a] < latencies[b] })
	at := func(part float64) float64 {
		index := int(part * float64(len(latencies)-1))
		return float64(latencies[index].Microseconds()) / 1000
	}
	result["p50Ms"] = at(0.5)
	result["p99Ms"] = at(0.99)
	result["p999Ms"] = at(0.999)
	result["maxMs"] = at(1)
}
