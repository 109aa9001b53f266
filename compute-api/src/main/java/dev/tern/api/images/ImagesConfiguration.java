package dev.tern.api.images;

import dev.tern.api.ApiSettings;
import dev.tern.store.ImageStore;
import java.io.IOException;
import java.util.UUID;
import java.util.function.Supplier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
class ImagesConfiguration {
  @Bean
  ImageFiles imageFiles(ApiSettings settings) throws IOException {
    return new ImageFiles(settings.imageDirectory(), settings.maxImageSize().toBytes());
  }

  @Bean
  ImageUpload imageUpload(ImageStore images, ImageFiles files, Supplier<UUID> newIds) {
    return new ImageUpload(images, files, newIds);
  }
}
