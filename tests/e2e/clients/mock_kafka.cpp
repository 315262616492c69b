// A Kafka broker for tests, librdkafka's own: prints its address, and lives until its input ends.
//   mock_kafka TOPIC PARTITIONS

#include <array>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

int main(int argc, char** argv) {
  if (argc != 3) {
    return 2;
  }
  std::array<char, 512> problem{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_t* owner = rd_kafka_new(RD_KAFKA_PRODUCER, conf, problem.data(), problem.size());
  rd_kafka_mock_cluster_t* cluster = rd_kafka_mock_cluster_new(owner, 1);
  if (cluster == nullptr ||
      rd_kafka_mock_topic_create(cluster, argv[1],
                                 static_cast<int>(std::strtol(argv[2], nullptr, 10)), 1) != 0) {
    return 1;
  }
  std::cout << rd_kafka_mock_cluster_bootstraps(cluster) << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  rd_kafka_mock_cluster_destroy(cluster);
  rd_kafka_destroy(owner);
  return 0;
}
