import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.apache.kafka.server.config.DynamicBrokerConfig;
import org.apache.kafka.server.config.QuotaConfig;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.server.metrics.ClientMetricsConfigs;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * Prints what Kafka's own ConfigDef objects say of every key: names, types, defaults, ranges, how a
 * key may be updated, synonyms. No documentation. One tab-separated line per fact; `refresh` runs it.
 *
 *   key  SCOPE  name  TYPE  default  range  importance  internal|-  update-mode
 *   synonym  topic|group|broker  name  other,other,...
 *
 * A default is `=text`, `null`, or `none` for a key that must be given.
 */
public class ConfigFacts {
    public static void main(String[] args) {
        ConfigDef broker = new ConfigDef(AbstractKafkaConfig.CONFIG_DEF);
        QuotaConfig.brokerQuotaConfigs().configKeys().forEach((name, key) -> {
            if (!broker.names().contains(name)) broker.define(key);
        });
        Map<String, String> modes = DynamicBrokerConfig.dynamicConfigUpdateModes();
        keys("BROKER", broker.configKeys(), modes);
        keys("TOPIC", LogConfig.configKeys(), null);
        keys("GROUP", GroupConfig.CONFIG_DEF.configKeys(), null);
        keys("CLIENT_METRICS", ClientMetricsConfigs.configDef().configKeys(), null);
        synonyms(broker.names());
    }

    private static void keys(String scope, Map<String, ConfigDef.ConfigKey> keys, Map<String, String> modes) {
        for (ConfigDef.ConfigKey key : new TreeMap<>(keys).values()) {
            String value = !key.hasDefault() ? "none"
                : key.defaultValue == null ? "null"
                : "=" + ConfigDef.convertToString(key.defaultValue, key.type);
            line("key", scope, key.name, key.type.toString(), value,
                range(key.validator),
                key.importance.toString(), key.internalConfig ? "internal" : "-",
                modes == null ? "-" : modes.getOrDefault(key.name, "read-only"));
        }
    }

    /** What the validator says of itself; of lists also whether they may be empty. */
    private static String range(ConfigDef.Validator validator) {
        if (validator == null) return "";
        if (!(validator instanceof ConfigDef.ValidList)) return validator.toString();
        try {
            Field empty = ConfigDef.ValidList.class.getDeclaredField("isEmptyAllowed");
            empty.setAccessible(true);
            return (empty.getBoolean(validator) ? "list" : "non-empty list") + validator;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void synonyms(Set<String> brokerNames) {
        new TreeMap<>(ServerTopicConfigSynonyms.ALL_TOPIC_CONFIG_SYNONYMS).forEach((name, list) -> {
            List<String> others = new ArrayList<>();
            // The converter is a lambda: one hour, one minute or one of the same unit tells which.
            list.forEach(s -> others.add(s.name() + "*" + s.converter().apply("1")));
            line("synonym", "topic", name, String.join(",", others));
        });
        new TreeMap<>(GroupConfig.ALL_GROUP_CONFIG_SYNONYMS).forEach((name, other) ->
            other.ifPresent(o -> line("synonym", "group", name, o)));
        for (String name : new TreeMap<>(Map.copyOf(AbstractKafkaConfig.CONFIG_DEF.configKeys())).keySet()) {
            List<String> others = DynamicBrokerConfig.brokerConfigSynonyms(name, true);
            if (others.size() > 1) line("synonym", "broker", name, String.join(",", others));
        }
    }

    private static void line(String... cells) {
        System.out.println(String.join("\t", cells).replace("\n", " "));
    }
}
