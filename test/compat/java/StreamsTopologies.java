import java.util.Arrays;
import java.util.Properties;
import java.time.Duration;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.WindowStore;

/**
 * Three topologies of Kafka Streams in one application with exactly_once_v2: a word count, a join of two tables and a
 * sum in windows of ten seconds. All keys and values are strings. Nothing is cached, so that every input has its output
 * and whoever reads all outputs can tell whether each input was processed once.
 *
 * <p>Arguments: bootstrap servers, application id (the topics are named after it), folder of the state. It prints each
 * state that it comes into.
 */
public final class StreamsTopologies {
    private static final Duration WINDOW = Duration.ofSeconds(10);
    private static final Duration GRACE = Duration.ofDays(1);

    public static void main(String[] args) throws Exception {
        String applicationId = args[1];
        StreamsBuilder builder = new StreamsBuilder();
        countWords(builder, applicationId);
        joinTables(builder, applicationId);
        sumWindows(builder, applicationId);
        KafkaStreams streams = new KafkaStreams(builder.build(), properties(args[0], applicationId, args[2]));
        streams.setStateListener((state, before) -> {
            System.out.println(state);
            if (state == KafkaStreams.State.ERROR) {
                Runtime.getRuntime().halt(1);
            }
        });
        // The listener may hear of the last state only when the JVM is gone.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (streams.close(Duration.ofSeconds(30))) {
                System.out.println("CLOSED");
            }
        }));
        streams.start();
        while (System.in.read() >= 0) {
            // Nothing is sent here: the end of the stream says that the starter is gone.
        }
        System.exit(0);
    }

    private static Properties properties(String bootstrapServers, String applicationId, String stateFolder) {
        Properties properties = new Properties();
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, applicationId);
        properties.put(StreamsConfig.STATE_DIR_CONFIG, stateFolder);
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
        properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        properties.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        properties.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        properties.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, 6_000); // the least that brokers allow
        return properties;
    }

    private static void countWords(StreamsBuilder builder, String prefix) {
        builder.<String, String>stream(prefix + "-lines")
            .flatMapValues(line -> Arrays.asList(line.split(" ")))
            .groupBy((key, word) -> word)
            .count()
            .toStream()
            .mapValues(count -> Long.toString(count))
            .to(prefix + "-counts");
    }

    private static void joinTables(StreamsBuilder builder, String prefix) {
        KTable<String, String> names = builder.table(prefix + "-names");
        KTable<String, String> cities = builder.table(prefix + "-cities");
        names.join(cities, (name, city) -> name + " of " + city).toStream().to(prefix + "-residents");
    }

    private static void sumWindows(StreamsBuilder builder, String prefix) {
        builder.<String, String>stream(prefix + "-readings")
            .groupByKey(Grouped.with(Serdes.String(), Serdes.String()))
            .windowedBy(TimeWindows.ofSizeAndGrace(WINDOW, GRACE))
            .aggregate(
                () -> "0",
                (key, reading, sum) -> Long.toString(Long.parseLong(sum) + Long.parseLong(reading)),
                Materialized.<String, String, WindowStore<Bytes, byte[]>>with(Serdes.String(), Serdes.String()))
            .toStream((window, sum) -> window.key() + "@" + window.window().start())
            .to(prefix + "-sums");
    }
}
